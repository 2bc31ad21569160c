#include "sim_runs.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace rafted::app {
namespace {

constexpr std::uint64_t nothing = 0;

/// What all workers and their parent see.
struct Board {
    std::atomic<std::uint64_t> taken{0};                   ///< Seeds, counted from the first.
    std::atomic<std::uint64_t> failed{~std::uint64_t{0}};  ///< The lowest of those that failed.
    /// By worker: one more than the place of the seed under way, or nothing.
    static constexpr std::size_t most_workers = 256;
    std::atomic<std::uint64_t> under_way[most_workers]{};
};

class SharedBoard {
public:
    SharedBoard() {
        void* at =
            mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (at != MAP_FAILED) board_ = new (at) Board();
    }
    ~SharedBoard() {
        if (board_ != nullptr) munmap(board_, sizeof *board_);
    }
    SharedBoard(const SharedBoard&) = delete;
    SharedBoard& operator=(const SharedBoard&) = delete;
    Board* get() const { return board_; }

private:
    Board* board_ = nullptr;
};

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto written = write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// In the child: takes seeds until there are none, or none below one that failed.
void work(const Seeds& seeds, const RunSeed& run, Board& board, std::pair<std::size_t, int> self) {
    const std::uint64_t count = seeds.last - seeds.first + 1;
    auto& mine = board.under_way[self.first];
    for (;;) {
        const std::uint64_t place = board.taken.fetch_add(1);
        if (place >= count || (seeds.stop_at_first && place > board.failed)) return;
        mine = place + 1;
        const Json said = run(seeds.first + place);
        if (!said.value("ok", false)) {
            std::uint64_t lowest = board.failed;
            while (place < lowest && !board.failed.compare_exchange_weak(lowest, place)) {
            }
        }
        const std::string line = said.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
        if (!write_all(self.second, line)) return;
        mine = nothing;
    }
}

struct Worker {
    pid_t process = -1;
    int from = -1;
    std::string unread;
};

class Parent {
public:
    Parent(const Seeds& seeds, const RunSeed& run, const RunEnded& ended, Board& board)
        : seeds_(seeds), run_(run), ended_(ended), board_(board) {}

    Ran run_all(const std::function<void(const Json&)>& told) {
        workers_.resize(std::min<std::size_t>(seeds_.jobs, Board::most_workers));
        for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
            if (start(slot)) return {true, nullptr};
        }
        while (is_anybody_there()) {
            if (listen()) return {true, nullptr};
            tell(told);
        }
        const bool nobody = next_ == 0 && waiting_.empty();
        return {false, nobody ? "no process for the runs could be started" : nullptr};
    }

private:
    /// True in the child, after its work.
    bool start(std::size_t slot) {
        int ends[2];
        if (pipe(ends) != 0) return false;
        std::cout.flush();  // or the child would print what is left of it, too
        const pid_t process = fork();
        if (process == 0) {
            close(ends[0]);
            work(seeds_, run_, board_, {slot, ends[1]});
            close(ends[1]);
            return true;
        }
        close(ends[1]);
        if (process < 0) {
            close(ends[0]);
            return false;
        }
        workers_[slot] = {process, ends[0], {}};
        return false;
    }

    bool is_anybody_there() const {
        return std::ranges::any_of(workers_, [](const Worker& one) { return one.from >= 0; });
    }

    /// True in a child, after its work.
    bool listen() {
        std::vector<pollfd> files;
        for (const Worker& worker : workers_) files.push_back({worker.from, POLLIN, 0});
        if (poll(files.data(), files.size(), -1) < 0) return false;
        for (std::size_t slot = 0; slot < files.size(); ++slot) {
            if (workers_[slot].from < 0 || files[slot].revents == 0) continue;
            if (!read_some(workers_[slot]) && over(slot)) return true;
        }
        return false;
    }

    /// False at the end.
    bool read_some(Worker& worker) {
        char buffer[1 << 16];
        const auto got = read(worker.from, buffer, sizeof buffer);
        if (got < 0) return errno == EINTR;
        worker.unread.append(buffer, static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (auto end = worker.unread.find('\n'); end != std::string::npos;
             end = worker.unread.find('\n', begin)) {
            keep(Json::parse(worker.unread.substr(begin, end - begin)));
            begin = end + 1;
        }
        worker.unread.erase(0, begin);
        return got > 0;
    }

    void keep(Json said) {
        const std::uint64_t place = said.at("seed").get<std::uint64_t>() - seeds_.first;
        waiting_.emplace(place, std::move(said));
    }

    /// A worker has ended; if it was by a signal, another goes on. True in that one.
    bool over(std::size_t slot) {
        Worker& worker = workers_[slot];
        close(worker.from);
        worker.from = -1;
        int status = 0;
        while (waitpid(worker.process, &status, 0) < 0 && errno == EINTR) {
        }
        const std::uint64_t under_way = board_.under_way[slot].exchange(nothing);
        if (under_way == nothing) return false;
        const std::uint64_t place = under_way - 1;
        if (place >= next_ && !waiting_.contains(place)) {
            keep(ended_(seeds_.first + place, WIFSIGNALED(status) ? WTERMSIG(status) : 0));
            std::uint64_t lowest = board_.failed;
            while (place < lowest && !board_.failed.compare_exchange_weak(lowest, place)) {
            }
        }
        return start(slot);
    }

    void tell(const std::function<void(const Json&)>& told) {
        while (!is_over_) {
            auto found = waiting_.extract(next_);
            if (found.empty()) return;
            ++next_;
            is_over_ = seeds_.stop_at_first && !found.mapped().value("ok", false);
            told(found.mapped());
        }
    }

    const Seeds& seeds_;
    const RunSeed& run_;
    const RunEnded& ended_;
    Board& board_;
    std::vector<Worker> workers_;
    std::map<std::uint64_t, Json> waiting_;  // by place
    std::uint64_t next_ = 0;
    bool is_over_ = false;
};

}  // namespace

Ran run_seeds(const Seeds& seeds, const RunSeed& run, const RunEnded& ended,
              const std::function<void(const Json&)>& told) {
    SharedBoard board;
    if (board.get() == nullptr) return {false, "no memory to share with the runs"};
    return Parent(seeds, run, ended, *board.get()).run_all(told);
}

}  // namespace rafted::app
