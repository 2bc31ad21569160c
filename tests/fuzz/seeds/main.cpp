// fuzz_seeds FOLDER: writes the inputs that seeds.hpp speaks of.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "fuzz/seeds/seeds.hpp"

namespace rafted::test {

void Seeds::add(const std::string& target, const std::string& name, BytesView bytes) {
    const auto folder = std::filesystem::path(dir_) / target;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    std::ofstream out(folder / name, std::ios::binary);
    out << text_of(bytes);
    failed_ = failed_ || error || !out.flush();
}

void Seeds::add(const std::string& target, const std::string& name, int part, BytesView bytes) {
    Bytes whole{static_cast<std::byte>(part)};
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    add(target, name, whole);
}

}  // namespace rafted::test

int main(int count, char** words) {
    if (count != 2) {
        std::cerr << "usage: fuzz_seeds FOLDER\n";
        return 2;
    }
    rafted::test::Seeds seeds(words[1]);
    add_disk_seeds(seeds);
    add_directory_seeds(seeds);
    add_value_seeds(seeds);
    add_answer_seeds(seeds);
    if (!seeds.failed()) return 0;
    std::cerr << "fuzz_seeds: cannot write below " << words[1] << "\n";
    return 1;
}
