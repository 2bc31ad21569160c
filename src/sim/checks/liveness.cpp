// Liveness, T being the election timeout: when faults have stopped and a majority stays up, there
// is one leader within 10 T and all live members are equal within 30 T; a fresh command and a fresh
// query are answered; and at rest no member sends more, on average, than two messages to each
// member within each heartbeat interval, and ten more a second.
#include <algorithm>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

constexpr int leader_within = 10;  // T
constexpr int equal_within = 30;   // T
constexpr std::uint64_t per_heartbeat = 2;
constexpr std::uint64_t besides = 10;  // messages per second

class Liveness final : public Check {
public:
    explicit Liveness(View view)
        : Check(std::move(view), {FactKind::load, FactKind::calm, FactKind::ended}) {}
    std::string_view name() const override { return "liveness"; }

    void on_load(const Load& fact) override { heartbeat_ = fact.config.heartbeat_interval; }
    void on_calm(const Calm& fact) override { calm_ = fact; }

    void on_ended(const Ended& fact) override {
        if (!calm_) return;
        judge_time("one leader", fact.leader_since, leader_within);
        judge_time("equal members", fact.equal_since, equal_within);
        if (!fact.fresh_write_ok) wrong("a fresh command was not acknowledged", calm_->live);
        if (!fact.fresh_read_ok) wrong("a fresh query was not answered", calm_->live);
        const std::uint64_t most = most_messages();
        if (fact.messages_per_second <= most) return;
        wrong("at rest each member sends " + std::to_string(fact.messages_per_second) +
                  " messages per second; the bound is " + std::to_string(most),
              calm_->live);
    }

private:
    void judge_time(const char* what, std::optional<core::Time> since, int within) const {
        const core::Duration limit = within * calm_->election_timeout;
        if (since && *since <= calm_->since + limit) return;
        const std::string bound = std::to_string(within) + " election timeouts";
        wrong(since ? std::string(what) + " came after more than " + bound + " of calm"
                    : "calm has not brought " + std::string(what),
              calm_->live);
    }

    std::uint64_t most_messages() const {
        std::size_t members = calm_->live.size();
        for (const NodeId id : calm_->live) {
            const NodeImage* node = image(id);
            if (node != nullptr) members = std::max(members, node->members.all().size());
        }
        // Nobody has told the interval: a tenth of T is short for one.
        const core::Duration interval =
            heartbeat_ > core::Duration::zero() ? heartbeat_ : calm_->election_timeout / 10;
        const auto beats = static_cast<std::uint64_t>(std::chrono::seconds(1) / interval) + 1;
        return per_heartbeat * members * beats + besides;
    }

    core::Duration heartbeat_{};
    std::optional<Calm> calm_;
};

}  // namespace

std::unique_ptr<Check> liveness(Check::View view) {
    return std::make_unique<Liveness>(std::move(view));
}

}  // namespace rafted::sim
