// The page of a simulated run: it holds the whole trace, needs nothing else, cannot be broken out
// of, and refuses a trace that it would show wrongly. That it works is tests/web/check's business.
#include "sim/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "sim/page_files.hpp"
#include "support/trace_line.hpp"
#include "support/trace_story.hpp"

namespace rafted::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string run_line = R"({"kind":"run","format":1,"seed":7,"nodes":3})";

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
        lines.push_back(text.substr(begin, end - begin));
    }
    return lines;
}

std::string without(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/// What a browser takes for the trace: from the opening tag to the first closing one.
std::string trace_in(const std::string& page) {
    const std::string opening = R"(<script type="application/json" id="trace">)";
    const std::size_t begin = page.find(opening);
    EXPECT_NE(begin, std::string::npos);
    const std::size_t text = begin + opening.size() + 1;
    return page.substr(text, page.find("</script", text) - text);
}

/// The message of the refusal of a trace with these lines after the first.
std::string refusal(const std::string& lines) {
    const auto page = trace_page(run_line + "\n" + lines);
    if (page) return "it was taken";
    EXPECT_EQ(page.error().code, ErrorCode::invalid);
    return page.error().message;
}

TEST(SimPage, holds_every_line_of_the_trace_in_order) {
    const std::string trace = test::trace_story();
    const auto page = trace_page(trace);
    ASSERT_TRUE(page) << to_string(page.error());
    EXPECT_GT(lines_of(trace).size(), 5'000U);
    EXPECT_EQ(without(trace_in(*page), "\\u003c", "<"), trace);
}

TEST(SimPage, needs_nothing_from_outside) {
    const std::string page = *trace_page(test::trace_story());
    for (const char* sign : {"http:", "https:", "//cdn", "@import", "url(", "fetch(", "import ",
                             "XMLHttpRequest", "WebSocket", "<iframe", "<img", "<object"}) {
        EXPECT_THAT(page, Not(HasSubstr(sign)));
    }
    EXPECT_FALSE(std::regex_search(page, std::regex(R"(\bsrc\s*=)")));
    const std::regex link(R"re(href\s*=\s*"(?!data:,"))re");
    EXPECT_FALSE(std::regex_search(page, link));
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(SimPage, is_put_together_from_all_its_files) {
    const std::string page = *trace_page(run_line);
    ASSERT_GE(page_files().size(), 8U);
    for (const PageFile& file : page_files()) {
        SCOPED_TRACE(file.name);
        EXPECT_GT(file.text.size(), 500U);
        if (file.name != "page.html") {
            EXPECT_THAT(page, HasSubstr(std::string(file.text)));
        }
        EXPECT_THAT(page, Not(HasSubstr("@" + std::string(file.name) + "@")));
        // In the page a script ends at the first of these, wherever it stands.
        if (file.name.ends_with(".js")) {
            EXPECT_THAT(std::string(file.text), Not(HasSubstr("</script")));
            EXPECT_THAT(std::string(file.text), Not(HasSubstr("<!--")));
        }
    }
    EXPECT_THAT(page, Not(HasSubstr("@trace@")));
    EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>"));
    EXPECT_THAT(page, testing::EndsWith("</html>\n"));
}

TEST(SimPage, text_of_a_trace_cannot_end_its_script_or_begin_another) {
    for (const std::string evil : {"</script><script>alert(1)</script>", "</SCRIPT >", "<!--",
                                   "<!--<script>", "]]>", "@app.js@ @trace@", "\\u003c/script>"}) {
        SCOPED_TRACE(evil);
        const std::string line =
            test::Line(5, "call").number("client", 1).number("op", 1).text("text", evil).done();
        const auto page = trace_page(run_line + "\n" + line);
        ASSERT_TRUE(page);
        const std::string trace = trace_in(*page);
        EXPECT_THAT(trace, Not(HasSubstr("<")));
        EXPECT_EQ(lines_of(trace).size(), 2U);
        EXPECT_EQ(without(trace, "\\u003c", "<"), without(run_line + "\n" + line, "\\u003c", "<"));
        EXPECT_EQ(page->size() - trace.size(),
                  trace_page(run_line)->size() - trace_in(*trace_page(run_line)).size());
    }
}

TEST(SimPage, empty_lines_and_carriage_returns_are_left_out) {
    const auto page = trace_page("\n" + run_line + "\r\n  \n\r\n{\"t\":1,\"kind\":\"end\"," +
                                 "\"result\":\"ok\"}");
    ASSERT_TRUE(page) << to_string(page.error());
    EXPECT_EQ(trace_in(*page), run_line + "\n{\"t\":1,\"kind\":\"end\",\"result\":\"ok\"}\n");
}

TEST(SimPage, a_bad_line_is_refused_by_its_number) {
    EXPECT_EQ(refusal("\n{\"t\":1"), "trace line 3 is no JSON object");
    EXPECT_EQ(refusal("17"), "trace line 2 is no JSON object");
    EXPECT_EQ(refusal("{\"t\":1,\"kind\":\"fault\",\"text\":\"\xff\"}"),
              "trace line 2 is no JSON object");
    EXPECT_EQ(refusal(R"({"t":1})"), "trace line 2 needs \"kind\", a string");
    EXPECT_EQ(refusal(R"({"t":1,"kind":"nod"})"),
              "trace line 2 has a kind that the page does not know: \"nod\"");
    EXPECT_EQ(refusal(R"({"kind":"fault","text":"x"})"),
              "trace line 2 needs \"t\", simulated microseconds");
    EXPECT_EQ(refusal(R"({"t":-4,"kind":"fault","text":"x"})"),
              "trace line 2 needs \"t\", simulated microseconds");
    EXPECT_EQ(refusal("{\"t\":9,\"kind\":\"fault\",\"text\":\"x\"}\n"
                      "{\"t\":8,\"kind\":\"fault\",\"text\":\"x\"}"),
              "trace line 3 goes back in time, from 9 to 8");
    EXPECT_EQ(refusal(R"({"t":1,"kind":"state","node":1,"role":7})"),
              "trace line 2 is of kind \"state\" and needs \"role\", a string");
    EXPECT_EQ(refusal(R"({"t":1,"kind":"step","node":"1","input":"","effects":""})"),
              "trace line 2 is of kind \"step\" and needs \"node\", a whole number from 0");
    EXPECT_EQ(refusal("{\"t\":1,\"kind\":\"end\",\"result\":\"ok\"}\n"
                      "{\"t\":1,\"kind\":\"fault\",\"text\":\"x\"}"),
              "trace line 3 comes after the \"end\" line that ends a trace");
    EXPECT_EQ(refusal(run_line), "trace line 2 is a second \"run\"; a page shows one run");
}

TEST(SimPage, a_message_arrives_or_is_lost) {
    const std::string send = R"({"t":1,"kind":"send","id":1,"from":1,"to":2,"what":"append")";
    const std::string wrong =
        "trace line 2 is of kind \"send\" and needs either \"arrives\", a time, or \"lost\", a "
        "string";
    EXPECT_EQ(refusal(send + "}"), wrong);
    EXPECT_EQ(refusal(send + R"(,"arrives":4,"lost":"cut"})"), wrong);
    EXPECT_EQ(refusal(send + R"(,"arrives":4})"), "it was taken");
    EXPECT_EQ(refusal(send + R"(,"lost":"cut"})"), "it was taken");
}

TEST(SimPage, a_trace_without_its_first_line_is_refused) {
    EXPECT_EQ(trace_page("").error().message,
              "the trace is empty; write one with rafted sim --trace");
    EXPECT_EQ(trace_page(R"({"t":1,"kind":"end","result":"ok"})").error().message,
              "trace line 1 comes before the \"run\" line that begins a trace");
    EXPECT_EQ(trace_page(R"({"kind":"run","format":2,"seed":7,"nodes":3})").error().message,
              "trace line 1 has format 2; this page reads format 1");
}

TEST(TraceStory, tells_the_same_story_twice_and_ends_in_two_leaders) {
    const std::string story = test::trace_story({.duration_ms = 5'000, .seed = 11});
    EXPECT_EQ(story, test::trace_story({.duration_ms = 5'000, .seed = 11}));
    EXPECT_NE(story, test::trace_story({.duration_ms = 5'000, .seed = 12}));
    for (const char* part : {"\"copy_of\":", "\"lost\":\"cut\"", "\"lost\":\"dropped\"",
                             "\"what\":\"snapshot\"", "\"event\":\"pause\"", "\"event\":\"crash\"",
                             "\"event\":\"join\"", "\"kind\":\"violation\""}) {
        EXPECT_THAT(story, HasSubstr(part));
    }
}

}  // namespace
}  // namespace rafted::sim
