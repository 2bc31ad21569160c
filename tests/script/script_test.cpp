// Every scene in tests/script is played and must be seen exactly as it is written.
// RAFTED_REWRITE=1 (or --rewrite) writes the files anew; what changed is then read and judged.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "script/scene.hpp"

namespace rafted::test {
namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class ScriptTest : public testing::Test {
public:
    ScriptTest(std::filesystem::path path, bool rewrite)
        : path_(std::move(path)), rewrite_(rewrite) {}

    void TestBody() override {
        const std::string written = read_file(path_);
        ASSERT_TRUE(written.starts_with("#")) << path_ << " does not open with its story";
        Scene scene;
        const std::string seen = scene.play(written);
        if (rewrite_) std::ofstream(path_) << seen;
        EXPECT_EQ(scene.errors(), std::vector<std::string>());
        if (!rewrite_) {
            EXPECT_EQ(seen, written);
        }
        EXPECT_EQ(Scene().play(written), seen) << "playing it twice differs";
    }

private:
    std::filesystem::path path_;
    bool rewrite_;
};

/// One test for each file, under its name.
const bool registered = [] {
    const char* wish = std::getenv("RAFTED_REWRITE");
    bool rewrite = wish != nullptr && std::string_view(wish) == "1";
    std::ifstream arguments("/proc/self/cmdline");
    for (std::string word; std::getline(arguments, word, '\0');) {
        rewrite = rewrite || word == "--rewrite";
    }
    std::vector<std::filesystem::path> files;
    const std::filesystem::path folder = std::filesystem::path(RAFTED_SOURCE_DIR) / "tests/script";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".txt") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const auto& path : files) {
        const std::string name = path.stem().string();
        testing::RegisterTest("Scene", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [path, rewrite] { return new ScriptTest(path, rewrite); });
    }
    return !files.empty();
}();

TEST(Scenes, ThereAreSome) { EXPECT_TRUE(registered); }

TEST(Scenes, ABadCommandIsToldByItsName) {
    Scene scene;
    const auto text = scene.play("# story\n> dance a\n> members a\n> read b\n> add a\n");
    EXPECT_EQ(scene.errors().size(), 3U);
    EXPECT_NE(text.find("WRONG: no such command: dance"), std::string::npos);
    EXPECT_NE(text.find("WRONG: no such node: b"), std::string::npos);
    EXPECT_NE(text.find("WRONG: usage: add node newcomer [learner]"), std::string::npos);
}

}  // namespace
}  // namespace rafted::test
