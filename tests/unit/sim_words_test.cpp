// Values in short words, as reports of simulated runs say them: equal from every compiler.
#include <gtest/gtest.h>

#include <map>
#include <unordered_map>
#include <variant>

#include "rafted/sim.hpp"

namespace rafted::test {
namespace {

using sim::words_of;

struct Nothing {};
struct Put {
    std::string key;
    int value = 0;
};
enum class Colour : std::uint8_t { red = 3 };
struct All {
    bool on = true;
    Colour colour = Colour::red;
    std::optional<double> share;
    std::vector<Put> puts;
    std::pair<Index, std::chrono::seconds> when{};
};
template <class T>
struct Box {
    T held;
};
class Own {
public:
    void save(Writer& out) const { out.number(number_); }
    void load(Reader& in) { number_ = in.number<int>(); }

private:
    int number_ = 0;
};

TEST(SimWords, NumbersAndTexts) {
    EXPECT_EQ(words_of(3), "int 3");
    EXPECT_EQ(words_of(true), "bool true");
    EXPECT_EQ(words_of(std::string("a\nb")), "\"a?b\"");
    EXPECT_EQ(words_of(std::string(50, 'x')), "\"" + std::string(40, 'x') + "\" (50 characters)");
}

TEST(SimWords, AggregatesHaveTheirShortName) {
    EXPECT_EQ(words_of(Nothing{}), "Nothing");
    EXPECT_EQ(words_of(Unit{}), "Unit");
    EXPECT_EQ(words_of(Put{"k", -7}), R"(Put{"k", -7})");
    EXPECT_EQ(words_of(Box<std::string>{"in"}), R"(Box{"in"})");
    struct Local {
        int a = 1;
    };
    EXPECT_EQ(words_of(Local{}), "Local{1}");
    EXPECT_EQ(words_of(Own{}), "Own");
}

TEST(SimWords, WhatIsWithin) {
    All all;
    all.puts = {{"a", 1}, {"b", 2}};
    all.when = {Index(9), std::chrono::seconds(4)};
    EXPECT_EQ(words_of(all), R"(All{true, 3, none, [Put{"a", 1}, Put{"b", 2}], (9, 4)})");
    all.share = 0.5;
    EXPECT_NE(words_of(all).find("0.5"), std::string::npos);
    const std::variant<Nothing, Put> either = Put{"v", 0};
    EXPECT_EQ(words_of(either), R"(Put{"v", 0})");
    EXPECT_EQ(words_of(std::map<int, std::string>{{1, "x"}}), R"([(1, "x")])");
}

TEST(SimWords, WhatIsLongIsCut) {
    EXPECT_EQ(words_of(std::vector<int>(100, 5)), "[5, 5, 5, 5, 5, 5 and 94 more]");
    const std::vector<std::string> texts(100, std::string(1'000, 'y'));
    EXPECT_LT(words_of(texts).size(), 400U);
}

TEST(SimWords, NothingDependsOnUnorderedIteration) {
    EXPECT_EQ(words_of(std::unordered_map<int, int>{{1, 2}, {3, 4}}), "unordered_map");
}

}  // namespace
}  // namespace rafted::test
