#include "support/checks_stand.hpp"

namespace rafted::test {

using core::EntryKind;
using sim::EntryMark;

ChecksStand::ChecksStand(unsigned nodes)
    : onlooker_(now_, sim::all_checks(), [this](const sim::Violation& violation) {
          wrong_.insert(violation.check);
          texts_.push_back(violation.check + ": " + violation.text);
      }) {
    std::vector<unsigned> voters;
    for (unsigned n = 1; n <= nodes; ++n) voters.push_back(n);
    members_ = members(voters);
    for (const unsigned n : voters) start(n, {mark(Index(1), Term(), 0, EntryKind::founding)});
}

std::string ChecksStand::said() const {
    std::string all;
    for (const std::string& text : texts_) all += text + "\n";
    return all;
}

core::Members ChecksStand::members(const std::vector<unsigned>& voters,
                                   const std::vector<unsigned>& learners) {
    std::vector<core::Peer> peers;
    for (const unsigned n : voters) peers.push_back({NodeId(n), "", Standing::voter});
    for (const unsigned n : learners) peers.push_back({NodeId(n), "", Standing::learner});
    return core::Members(std::move(peers));
}

EntryMark ChecksStand::mark(Index index, Term term, std::uint64_t content, EntryKind kind) {
    return {index, term, index.value * 1'000'000 + term.value * 1'000 + content, kind};
}

sim::StepReport ChecksStand::at(unsigned n) const {
    const sim::NodeImage& image = node(n);
    sim::StepReport report;
    report.node = image.id;
    report.hard = image.hard;
    report.role = image.role;
    report.first = image.log.first();
    report.snapshot = image.snapshot;
    report.applied = image.applied;
    report.commit = image.commit;
    report.members_at = image.members_at;
    report.is_changing = image.is_changing;
    report.has_lease = image.has_lease;
    return report;
}

void ChecksStand::start(unsigned n, const std::vector<EntryMark>& entries, core::HardState hard) {
    sim::StartReport report;
    report.node = NodeId(n);
    report.group = GroupId(1);
    report.hard = std::move(hard);
    report.entries = entries;
    if (!entries.empty()) {
        report.members = members_;
        report.members_at = Index(1);
    }
    onlooker_.started(report);
}

void ChecksStand::restart(unsigned n) {
    const sim::NodeImage& image = node(n);
    sim::StartReport report;
    report.node = image.id;
    report.group = image.group;
    report.hard = image.disk_hard;
    report.base = image.disk_log.base();
    report.base_term = image.disk_log.base_term();
    for (Index i = image.disk_log.first(); i <= image.disk_log.last(); ++i) {
        report.entries.push_back(*image.disk_log.find(i));
    }
    report.members = image.members;
    report.members_at = image.members_at;
    if (image.disk_snapshot > Index()) {
        report.snapshot = core::SnapshotMeta{
            image.disk_snapshot, image.disk_snapshot_term, {}, image.members, {}};
    }
    onlooker_.started(report);
}

void ChecksStand::vote(unsigned n, unsigned term, unsigned candidate) {
    sim::StepReport report = at(n);
    report.hard = {Term(term), NodeId(candidate), {}};
    report.role = candidate == n ? Role::candidate : Role::follower;
    report.has_lease = false;
    tell(report);
    onlooker_.synced({.node = NodeId(n), .hard = report.hard});
}

void ChecksStand::lead(unsigned n, unsigned term) {
    sim::StepReport report = at(n);
    report.hard = {Term(term), NodeId(n), {}};
    report.role = Role::leader;
    const Index index = node(n).log.last() + 1;
    report.appended = {mark(index, Term(term), 0, EntryKind::elected)};
    report.members = node(n).members;
    report.members_at = index;
    tell(report);
}

void ChecksStand::elect(unsigned n, unsigned term, const std::vector<unsigned>& voters) {
    for (const unsigned voter : voters) vote(voter, term, n);
    lead(n, term);
    sync(n);
}

Index ChecksStand::append(unsigned n, EntryKind kind) {
    sim::StepReport report = at(n);
    const Index index = node(n).log.last() + 1;
    report.appended = {mark(index, report.hard.term, n, kind)};
    tell(report);
    return index;
}

Index ChecksStand::change(unsigned n, const core::Members& members) {
    sim::StepReport report = at(n);
    const Index index = node(n).log.last() + 1;
    report.appended = {mark(index, report.hard.term, n, EntryKind::members)};
    report.members = members;
    report.members_at = index;
    report.is_changing = true;
    tell(report);
    return index;
}

void ChecksStand::sync(unsigned n) {
    const sim::NodeImage& image = node(n);
    sim::SyncReport report;
    report.node = image.id;
    report.hard = image.hard;
    Index same = std::min(image.log.last(), image.disk_log.last());
    while (image.log.term_at(same) != image.disk_log.term_at(same)) same = same - 1;
    if (same < image.disk_log.last()) report.truncated_from = same + 1;
    for (Index i = same + 1; i <= image.log.last(); ++i) {
        report.appended.push_back(*image.log.find(i));
    }
    onlooker_.synced(report);
}

void ChecksStand::copy(unsigned from, unsigned to) {
    const sim::NodeImage& source = node(from);
    const sim::NodeImage& target = node(to);
    sim::StepReport report = at(to);
    report.hard.term = std::max(source.hard.term, target.hard.term);
    if (report.hard.term > target.hard.term) report.hard.vote = NodeId();
    report.role = Role::follower;
    Index same = std::min(source.log.last(), target.log.last());
    while (source.log.term_at(same) != target.log.term_at(same)) same = same - 1;
    if (same < target.log.last()) report.truncated_from = same + 1;
    for (Index i = same + 1; i <= source.log.last(); ++i) {
        report.appended.push_back(*source.log.find(i));
    }
    if (source.members_at != target.members_at) {
        report.members = source.members;
        report.members_at = source.members_at;
    }
    tell(report);
    sync(to);
}

void ChecksStand::commit(unsigned n, Index upto) {
    sim::StepReport report = at(n);
    report.commit = report.applied = upto;
    tell(report);
}

void ChecksStand::apply(unsigned n, Index index, std::uint64_t operation) {
    sim::Applied fact;
    fact.node = NodeId(n);
    fact.index = index;
    fact.term = node(n).log.term_at(index).value_or(Term());
    fact.operation = operation;
    fact.result = operation == 0 ? 0 : result_of(operation);
    fact.state = index.value * 17;
    onlooker_.applied(fact);
}

void ChecksStand::send(unsigned from, unsigned to, Term term, core::Body body) {
    onlooker_.sent(NodeId(from), {NodeId(from), NodeId(to), term, std::move(body)});
}

std::uint64_t ChecksStand::call(sim::CallKind kind) {
    sim::Called fact;
    fact.operation = ++operations_;
    fact.client = 1;
    fact.kind = kind;
    fact.at = now_;
    onlooker_.called(fact);
    return fact.operation;
}

void ChecksStand::reply(std::uint64_t operation, sim::Outcome outcome) {
    onlooker_.replied({operation, outcome, result_of(operation), now_});
}

}  // namespace rafted::test
