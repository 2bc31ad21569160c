// What the layer is to do, as the environment says it: RAFTED_FAULTS="dir=/a/b crash-after=17 ...".
//   dir=PATH            the disk: all below this absolute path, and only that
//   crash-after=N       the power goes after the N-th persistence call (0: before the first)
//   on-signal           ... or when the process gets SIGUSR1
//   loss=L              what it takes: all that is un-synced; sectors; torn; none
//   seed=N              of every choice in that
//   fail=KIND:N:ERRNO   the N-th call of a kind fails; with N+ all from the N-th on
//   lying-syncs         syncs of files succeed and keep nothing: tests of the tests
//   sync-ms=N           each sync takes that much longer
//   space=FILE          while FILE exists, all files together hold no more bytes than it says
//   arm=FILE            nothing is counted, or slow, before FILE exists
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rafted::faults {

/// Reads are counted for fail= alone; all others are persistence calls.
enum class Kind : std::uint8_t { open, read, write, sync, syncdir, rename, unlink, mkdir };
constexpr std::size_t kinds = 8;
const char* name_of(Kind kind);

enum class Loss : std::uint8_t {
    all,      ///< Nothing that is un-synced stays.
    sectors,  ///< Of each un-synced sector some version; of names the first few.
    torn,     ///< The first few writes, and a part of the next.
    none,     ///< All of it stays: only the process dies.
};
const char* name_of(Loss loss);

struct Failure {
    Kind kind = Kind::write;
    std::uint64_t at = 1;
    bool and_all_after = false;
    int reason = 0;
};

struct Orders {
    std::string dir;  ///< Empty: the layer does nothing.
    std::optional<std::uint64_t> crash_after;
    bool on_signal = false;
    Loss loss = Loss::all;
    std::uint64_t seed = 0;
    std::optional<Failure> failure;
    bool lying_syncs = false;
    unsigned sync_ms = 0;
    std::string space;
    std::string arm;

    /// Ends the process, naming the word, if one makes no sense.
    static Orders from_environment();
};

/// One line on stderr.
void say(const std::string& what);
/// Says it and ends the process: the test, not the product, is wrong.
[[noreturn]] void give_up(const std::string& why);

/// Choices from one seed.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    /// 0 to n - 1.
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    bool coin() { return next() % 2 == 0; }

private:
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    std::uint64_t state_;
};

}  // namespace rafted::faults
