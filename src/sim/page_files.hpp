// The source of the page, as the build has embedded it (cmake/RaftedEmbed.cmake): the files of
// src/sim/page/ are needed to build the library, not to use it.
#pragma once

#include <span>
#include <string_view>

namespace rafted::sim {

struct PageFile {
    std::string_view name;  ///< As "page.css", without a folder.
    std::string_view text;
};

/// All files of src/sim/page/, in order of their names.
std::span<const PageFile> page_files();

}  // namespace rafted::sim
