// `rafted check`: is a recorded history linearizable?
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "command.hpp"
#include "history/report.hpp"

namespace rafted::app {
namespace {

constexpr int exit_not_linearizable = 1;
constexpr int exit_unreadable = 2;

struct CheckCall {
    std::string file;
    std::string model;
    std::string initial;
    bool json = false;
};

constexpr auto help =
    "Says whether one order of the operations explains all answers, each operation taking\n"
    "effect at one moment between its start and its end. Objects (keys) are checked one by one.\n"
    "An operation that ended with info, or never, may have happened at any later time, or not at\n"
    "all; one that failed did not happen. Answers of reads that are not known say nothing.\n\n"
    "Formats, told by content (all described in docs/check.md):\n"
    "  JSON Lines   {\"process\":0,\"type\":\"invoke\",\"f\":\"read\",\"value\":null}\n"
    "               {\"client\":1,\"op\":\"put\",\"key\":\"k\",\"value\":3,\"start\":5,\"end\":9}\n"
    "  EDN          {:process 0, :type :invoke, :f :read, :value nil}\n"
    "  log lines    INFO  jepsen.util - 0  :invoke  :read  nil\n\n"
    "Models and what their objects hold before anything happened, unless --initial says:\n"
    "  cas-register, register, multi-register   unset: nil\n"
    "  kv                                       unset: nil or \"\", which are the same\n"
    "  queue, append, set                       nothing\n"
    "  counter                                  0\n"
    "  mutex                                    free\n"
    "If --initial gives registers a value, a read that answers nil says nothing.\n\n"
    "Exit codes: 0 linearizable, 1 not linearizable (the text says where), 2 the history cannot\n"
    "be read, or it could not be decided within the limits.\n\n"
    "Examples:\n"
    "  rafted check history.edn --model cas-register\n"
    "  rafted check etcd.log --model cas-register --initial unset\n"
    "  rafted check accounts.edn --model multi-register --initial '{:x 0 :y 0}'\n"
    "  rafted check run.jsonl --model kv --json";

int refuse(const std::string& file, const Error& error) {
    std::cerr << "rafted check: " << file << ": " << error.message << "\n";
    return exit_unreadable;
}

Result<std::string> contents_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    // A directory opens, but nothing can be read from it.
    if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
    if (!in.is_open() || in.bad() || (in.fail() && !in.eof())) {
        return fail(ErrorCode::invalid, "cannot be read; does it exist, and is it a file?");
    }
    return text.str();
}

int run(const CheckCall& call) {
    history::ModelChoice choice;
    const auto model = history::model_named(call.model);
    if (!model) return report_usage(model.error().message);
    choice.model = *model;
    if (!call.initial.empty()) {
        auto initial = history::initial_of(call.initial);
        if (!initial) return report_usage(initial.error().message);
        choice.initial = std::move(*initial);
    }
    const auto text = contents_of(call.file);
    if (!text) return refuse(call.file, text.error());
    const auto start = std::chrono::steady_clock::now();
    const auto report = history::check_text(*text, choice);
    if (!report) return refuse(call.file, report.error());
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::cout << (call.json ? in_json(*report, took.count()) : in_words(*report, took.count()))
              << std::flush;
    switch (report->verdict.answer) {
        case history::Answer::linearizable: return exit_done;
        case history::Answer::not_linearizable: return exit_not_linearizable;
        case history::Answer::undecided: break;
    }
    return exit_unreadable;
}

}  // namespace

void add_check(CLI::App& root, Chosen& chosen) {
    auto call = std::make_shared<CheckCall>();
    auto* command = root.add_subcommand("check", "Says whether a recorded history is linearizable");
    command->add_option("HISTORY", call->file, "The file with the history")
        ->required()
        ->type_name("");
    std::string names;
    for (const std::string_view name : history::model_names()) {
        names += (names.empty() ? "" : ", ") + std::string(name);
    }
    command->add_option("--model", call->model, "What the objects are: " + names)
        ->required()
        ->type_name("MODEL");
    command
        ->add_option("--initial", call->initial,
                     "What they hold at first: a value as in the history, or unset")
        ->type_name("VALUE");
    command->add_flag("--json", call->json, "As JSON");
    command->footer(help);
    command->callback([call, &chosen] { chosen.run = [call] { return run(*call); }; });
}

}  // namespace rafted::app
