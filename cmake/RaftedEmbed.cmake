# Puts text files into a program. Included, it gives rafted_embed_page(<target>); as a script
# (cmake -D out=... -D "files=a;b" -P RaftedEmbed.cmake) it writes the C++ that holds them.
#   1. What is generated stays in the build folder; a changed file makes it anew at the next build.

# The files of src/sim/page/ become rafted::sim::page_files() (sim/page_files.hpp) in the target.
function(rafted_embed_page target)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/sim/page/page.html
        ${PROJECT_SOURCE_DIR}/src/sim/page/*.css ${PROJECT_SOURCE_DIR}/src/sim/page/*.js)
    set(out ${PROJECT_BINARY_DIR}/generated/sim/page_files.cpp)
    set(script ${PROJECT_SOURCE_DIR}/cmake/RaftedEmbed.cmake)
    add_custom_command(OUTPUT ${out} DEPENDS ${files} ${script} VERBATIM
        COMMENT "Embedding the page of a simulated run"
        COMMAND ${CMAKE_COMMAND} -D "out=${out}" -D "files=${files}" -P ${script})
    target_sources(${target} PRIVATE ${out})
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    return()
endif()

# One string literal per file: compilers must take 65,536 characters, and warn above.
set(literal_limit 65000)
list(SORT files)
list(LENGTH files count)
set(code "#include \"sim/page_files.hpp\"\n\n#include <array>\n\nnamespace rafted::sim {\n\n")
string(APPEND code "std::span<const PageFile> page_files() {\n")
string(APPEND code "    static constexpr std::array<PageFile, ${count}> files = {{\n")
foreach(file IN LISTS files)
    cmake_path(GET file FILENAME name)
    file(SIZE "${file}" size)
    file(READ "${file}" text)
    string(FIND "${text}" ")page_source\"" end)
    if(size GREATER literal_limit OR NOT end EQUAL -1)
        message(FATAL_ERROR "${file} cannot be embedded: it must be below ${literal_limit} bytes "
            "(has ${size}) and must not hold the characters that end the literal")
    endif()
    string(APPEND code "        {\"${name}\", R\"page_source(${text})page_source\"},\n")
endforeach()
string(APPEND code "    }};\n    return files;\n}\n\n}  // namespace rafted::sim\n")
file(WRITE "${out}" "${code}")
