// Each kind of call to the disk fails at its first, second and third turn, with EIO and ENOSPC: at
// a first start, at a start on what was there, and in service with snapshots being made.
//   1. No acknowledged command is lost or doubled, whatever the error and wherever it strikes.
//   2. The process never ends by a signal. A start that fails ends with code 1 within 2 s; a node
//   in
//      service goes on by itself, or is fenced for good if nothing is known of its journal any
//      more.
//   3. The reason and the file are said, in one line or two.
// The layer of tests/faults makes the calls fail; where ptrace is allowed, so does strace.
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "../../../apps/rafted/demo/config.hpp"
#include "live/faults/faulty.hpp"
#include "live/machine_stalls.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;

enum class When { first_start, restart, service };

struct Case {
    When when = When::first_start;
    std::string kind;
    int turn = 1;
    std::string reason;
};

std::string text_of_case(const Case& one) {
    constexpr std::array names{"first_start", "restart", "service"};
    return std::string(names[static_cast<std::size_t>(one.when)]) + " " + one.kind + ":" +
           std::to_string(one.turn) + ":" + one.reason;
}

GroupConfig many_snapshots() {
    GroupConfig config = app::demo::config();
    config.snapshot_floor_bytes = 0;
    config.log_file_expansion_factor = 0.2;
    config.log_bytes_kept = 0;
    return config;
}

std::string item(std::size_t number) { return std::to_string(number) + std::string(80, '.'); }

/// One life under an error, and what was acknowledged in it.
class Life {
public:
    Life(FaultyNode& node, std::size_t acknowledged) : node_(node), acknowledged_(acknowledged) {}

    /// Commands one after the other, each for as long as it may help, until the node gives up.
    void work(std::size_t commands) {
        const auto group = node_.group();
        const std::size_t wanted = acknowledged_ + commands;
        const auto end = LiveClock::now() + std::chrono::seconds(30);
        while (acknowledged_ < wanted && alarm_.empty() && LiveClock::now() < end) {
            // A command that may have happened would be doubled by a second one.
            auto pending =
                group.start_command(Enqueue{item(acknowledged_)}, {milliseconds(30'000), {}});
            while (!pending.is_ready() && !gave_up()) pause_for(std::chrono::microseconds(200));
            if (!pending.is_ready()) return;
            const auto answer = pending.get();
            if (answer) {
                EXPECT_EQ(*answer, acknowledged_);
                ++acknowledged_;
                continue;
            }
            refusal_ = answer.error().code;
            if (outcome_of(*refusal_) == Outcome::unknown || gave_up()) return;
            pause_for(milliseconds(20));
        }
        served_ = acknowledged_ == wanted;
    }
    std::size_t acknowledged() const { return acknowledged_; }
    bool served() const { return served_; }
    /// That of a node which serves no more.
    const std::string& alarm() const { return alarm_; }
    /// The last word on a command that was refused before a later one was answered.
    std::optional<ErrorCode> refusal() const { return refusal_; }

private:
    bool gave_up() {
        if (LiveClock::now() < next_look_) return false;
        next_look_ = LiveClock::now() + milliseconds(50);
        const auto status = node_.status();
        for (const std::string& alarm : status ? status->alarms : std::vector<std::string>{}) {
            if (alarm.starts_with("fenced: ") || alarm.starts_with("stopped: ")) alarm_ = alarm;
        }
        return !alarm_.empty();
    }

    FaultyNode& node_;
    std::size_t acknowledged_;
    bool served_ = false;
    std::string alarm_;
    std::optional<ErrorCode> refusal_;
    LiveClock::time_point next_look_ = LiveClock::now() + milliseconds(50);
};

/// What the layer, or strace, has said on calls that failed, and the process on why.
struct Log {
    explicit Log(const std::string& text, const std::string& reason) {
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            const bool layer = line.starts_with("faults: ") && line.contains(" fails with ");
            if (layer || line.contains("(INJECTED)")) {
                failed += line + "\n";
                ++failures;
            } else if (line.find(reason) != std::string::npos) {
                lines.push_back(line);
            }
        }
    }
    std::string failed;
    std::size_t failures = 0;
    std::vector<std::string> lines;
};

void expect_all_there(FaultyNode& node, std::size_t acknowledged) {
    ASSERT_TRUE(node.start("none")) << node.refusal();
    const auto items = node.group().query(Items{}, {std::chrono::seconds(20), {}});
    ASSERT_TRUE(items) << to_string(items.error());
    EXPECT_GE(items->size(), acknowledged);
    EXPECT_LE(items->size(), acknowledged + 1);
    for (std::size_t i = 0; i < items->size(); ++i) ASSERT_EQ((*items)[i], item(i));
}

class DiskErrors : public testing::Test {
protected:
    static constexpr std::size_t before = 40;
    static constexpr std::size_t commands = 60;

    void SetUp() override {
        FaultyNode node(template_.path());
        ASSERT_TRUE(node.start("none"));
        ASSERT_TRUE(node.group().set_config(many_snapshots()));
        Life life(node, 0);
        life.work(before);
        ASSERT_TRUE(life.served());
        EXPECT_EQ(node.process().stop(), 0);
    }

    /// The words of strace that make the call fail.
    static std::vector<std::string> words_of_strace(const Case& one, const std::string& to) {
        const std::map<std::string, std::string> calls{{"read", "pread64"},
                                                       {"write", "pwritev"},
                                                       {"sync", "fdatasync"},
                                                       {"syncdir", "fsync"},
                                                       {"rename", "?rename,?renameat,?renameat2"},
                                                       {"unlink", "?unlink,?unlinkat"},
                                                       {"mkdir", "?mkdir,?mkdirat"}};
        const std::string& call = calls.at(one.kind);
        return {"strace",
                "-ff",
                "-qq",
                "--seccomp-bpf",
                "-y",
                "-o",
                to,
                "-e",
                "trace=" + call,
                "-e",
                "inject=" + call + ":error=" + one.reason + ":when=" + std::to_string(one.turn)};
    }

    void play(const Case& one) {
        SCOPED_TRACE(text_of_case(one));
        const LiveDir dir;
        if (one.when != When::first_start) {
            fs::copy(template_ / "disk", dir / "disk", fs::copy_options::recursive);
        }
        FaultyNode node(dir.path());
        const std::string orders = "arm=" + (dir / "armed") + " fail=" + one.kind + ":" +
                                   std::to_string(one.turn) + ":" + one.reason;
        if (one.when != When::service) write_text(dir / "armed", "now");
        Life life(node, one.when == When::first_start ? 0 : before);
        const auto start = LiveClock::now();
        const double stalled = stalls_.ms();
        const bool member = by_strace_ ? node.start_through(words_of_strace(one, dir / "calls"))
                                       : node.start(orders);
        if (member) {
            write_text(dir / "armed", "now");
            life.work(commands);
            EXPECT_EQ(node.process().ended(), std::nullopt);
            const auto code = node.process().stop();
            EXPECT_TRUE(code == 0 || code == 1);
        } else {
            EXPECT_LE(ms_since(start) - (stalls_.ms() - stalled), 2000);
            EXPECT_TRUE(node.refusal().starts_with("failed ")) << node.refusal();
            EXPECT_EQ(node.process().stop(), 1);
        }
        judge(one, member, life, calls_in(dir.path()) + node.log());
        expect_all_there(node, life.acknowledged());
    }

    /// strace has written a file for each thread.
    static std::string calls_in(const std::string& dir) {
        std::string text;
        for (const auto& entry : fs::directory_iterator(dir)) {
            if (entry.path().filename().string().starts_with("calls."))
                text += text_of(entry.path());
        }
        return text;
    }

    /// With one of the two errors, the other one at the next turn; with --full each time with both.
    void play_both(When when, const std::string& kind, int turn) {
        for (const char* reason : {"EIO", "ENOSPC"}) {
            if (is_full() || ++draws_ % 4 < 2) play({when, kind, turn, reason});
        }
    }

    void judge(const Case& one, bool member, const Life& life, const std::string& text) {
        const Log log(text, one.reason == "EIO" ? "Input/output error" : "No space left on device");
        const auto hit = [&](const char* words) {
            return log.failed.find(words) != std::string::npos;
        };
        SCOPED_TRACE(log.failed + "\n" + text);
        ++played_;
        if (!log.failed.empty()) ++struck_;
        if (!member) {
            EXPECT_EQ(log.lines.size(), 1U);
            return;
        }
        const bool may_be_full = one.reason == "ENOSPC" && one.kind == "write";
        if (hit("/journal/") && !may_be_full) {
            EXPECT_TRUE(life.alarm().starts_with("fenced: disk_failed: ")) << life.alarm();
        } else if (one.kind == "read" || (one.kind == "open" && hit(".snap\n"))) {
            EXPECT_TRUE(life.served() || life.alarm().starts_with("stopped: ")) << life.alarm();
        } else {
            EXPECT_TRUE(life.served()) << life.alarm();
        }
        if (life.served() && life.refusal()) {
            EXPECT_EQ(life.refusal(), ErrorCode::disk_full);
        }
        // Zeros that are written ahead may find no space without anybody being refused.
        const bool silent = log.failed.empty() || (may_be_full && life.served());
        EXPECT_TRUE(silent || !log.lines.empty());
        EXPECT_LE(log.lines.size(), 2 * log.failures);
    }

    bool by_strace_ = false;
    std::size_t draws_ = 0;
    std::size_t played_ = 0;
    std::size_t struck_ = 0;
    LiveDir template_;
    MachineStalls stalls_{template_.path()};
};

TEST_F(DiskErrors, OfEachKindAtEachTurn) {
    for (const When when : {When::first_start, When::restart, When::service}) {
        for (const char* kind :
             {"open", "read", "write", "sync", "syncdir", "rename", "unlink", "mkdir"}) {
            for (int turn = 1; turn <= 3; ++turn) {
                play_both(when, kind, turn);
            }
        }
    }
    std::cout << struck_ << " of " << played_ << " errors struck\n";
    EXPECT_GT(struck_, played_ / 2);
}

/// Without the layer: the system's own calls return the error. Each thread counts its own.
TEST_F(DiskErrors, OfSystemCallsByStrace) {
    const LiveDir dir;
    LiveProcess probe({{"--version"}, dir / "err", {}, {"strace", "-o", dir / "calls"}});
    if (probe.stop() != 0) {
        std::cout << "*** NO STRACE: it is missing or may not trace here (" << text_of(dir / "err")
                  << "); the layer alone has made calls fail ***\n";
        return;
    }
    by_strace_ = true;
    for (const When when : {When::first_start, When::restart}) {
        for (const char* kind : {"write", "sync", "syncdir", "rename", "unlink", "mkdir"}) {
            for (int turn = 1; turn <= 3; ++turn) {
                play_both(when, kind, turn);
            }
        }
    }
    std::cout << struck_ << " of " << played_ << " errors struck\n";
    EXPECT_GT(struck_, played_ / 2);
}

}  // namespace
}  // namespace rafted::test
