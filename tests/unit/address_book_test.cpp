// Where members are to be found: list, own words, and what the disk holds of them.
#include "host/address_book.hpp"

#include <gtest/gtest.h>

namespace rafted::host {
namespace {

using Saved = std::vector<ports::Moved>;

constexpr NodeId a(1);
constexpr NodeId b(2);

core::Members list(const std::string& at_a, const std::string& at_b) {
    return core::Members({{a, at_a, Standing::voter}, {b, at_b, Standing::voter}});
}

TEST(AddressBook, OnlyWhatDiffersFromTheListIsWrittenAndOnlyOnce) {
    AddressBook book;
    book.listed(list("a:1", "b:1"));
    EXPECT_FALSE(book.is_unsaved());
    EXPECT_EQ(book.take_unsaved(), std::nullopt);
    book.heard(b, "b:2");
    book.heard(NodeId(9), "x:1");  // no member
    EXPECT_TRUE(book.is_unsaved());
    EXPECT_EQ(book.take_unsaved(), Saved({{b, "b:1", "b:2"}}));
    EXPECT_EQ(book.take_unsaved(), std::nullopt);
    book.heard(b, "b:1");
    EXPECT_EQ(book.take_unsaved(), Saved());
}

TEST(AddressBook, WhatWasRefusedIsWrittenAgain) {
    AddressBook book;
    book.listed(list("a:1", "b:1"));
    book.heard(b, "b:2");
    EXPECT_TRUE(book.take_unsaved());
    book.not_saved();
    EXPECT_TRUE(book.is_unsaved());
    EXPECT_EQ(book.take_unsaved(), Saved({{b, "b:1", "b:2"}}));
    EXPECT_FALSE(book.is_unsaved());
}

TEST(AddressBook, WhatWasSavedCountsWhileTheListSaysWhatItSaidThen) {
    AddressBook book;
    book.listed(list("a:1", "b:3"));
    const Saved saved{{a, "a:1", "a:2"}, {b, "b:1", "b:2"}, {NodeId(9), "x:1", "x:2"}};
    EXPECT_EQ(book.restore(saved), Saved({{a, "a:1", "a:2"}}));
    EXPECT_EQ(book.moved()->address, "a:2");
    EXPECT_EQ(book.take_unsaved(), Saved({{a, "a:1", "a:2"}})) << "the rest is of no use any more";
}

TEST(AddressBook, TheListsNewerWordCounts) {
    AddressBook book;
    book.listed(list("a:1", "b:1"));
    EXPECT_EQ(book.restore({{b, "b:1", "b:2"}}).size(), 1U);
    EXPECT_FALSE(book.is_unsaved());
    EXPECT_EQ(book.listed(list("a:1", "b:3")).size(), 1U);
    EXPECT_EQ(book.moved(), std::nullopt);
    EXPECT_EQ(book.take_unsaved(), Saved());
}

TEST(AddressBook, TheWordOfOthersCountsWhereTheNodeHasSaidNothing) {
    AddressBook book;
    book.listed(list("a:1", "b:1"));
    EXPECT_FALSE(book.told(NodeId(9), "x:1")) << "no member";
    EXPECT_FALSE(book.told(b, "b:1")) << "as the list says";
    EXPECT_TRUE(book.told(b, "b:2"));
    EXPECT_FALSE(book.told(b, "b:2")) << "no news";
    EXPECT_TRUE(book.told(b, "b:3"));
    EXPECT_EQ(book.moved(b)->address, "b:3");
    EXPECT_EQ(book.all_moved().size(), 1U);
    book.heard(b, "b:4");
    EXPECT_FALSE(book.told(b, "b:3")) << "it has spoken itself since";
    EXPECT_EQ(book.moved(b)->address, "b:4");
    EXPECT_EQ(book.take_unsaved(), Saved({{b, "b:1", "b:4"}}));
}

}  // namespace
}  // namespace rafted::host
