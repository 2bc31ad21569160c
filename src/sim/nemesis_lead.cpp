// Strikes at a leader that has every reason to believe that it leads, while others have every
// reason to elect another: the moments in which leases, votes and logs may part.
#include <algorithm>
#include <utility>

#include "sim/nemesis.hpp"

namespace rafted::sim {
namespace {

std::string text_of(core::Duration time) {
    const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    return std::to_string(count) + " ms";
}

}  // namespace

Nemesis::Done Nemesis::contest_lead(const Strike& strike) {
    const NodeId leads = leader();
    const auto image = field_.onlooker.images().find(leads);
    if (image == field_.onlooker.images().end() || field_.world.nodes().size() < 2) return {};
    const bool restarts = field_.plan.durable && image->second.members.voter_count() > 2;
    switch (strike.choice % 3) {
        case 0: return strand(image->second, strike);
        case 1: return mute(image->second, strike);
        default: return restarts ? outvote(image->second, strike) : mute(image->second, strike);
    }
}

/// Those that are cut already are left to whoever has cut them.
void Nemesis::cut(const Links& links, Links& made) {
    Network& network = field_.world.network();
    for (const auto& [from, to] : links) {
        if (network.is_cut(from, to)) continue;
        network.cut_one_way(from, to);
        made.emplace_back(from, to);
    }
}

std::function<void()> Nemesis::mending(std::shared_ptr<Links> made) {
    return [this, made = std::move(made)] {
        for (const auto& [from, to] : *made) field_.world.network().mend(from, to);
    };
}

/// Does it later, if the strike still lasts.
void Nemesis::later(const Strike& strike, core::Duration when, std::function<void()> what) {
    field_.world.loop().call_in(when, [this, number = strike.number, what = std::move(what)] {
        if (!is_calm_ && active_.contains(number)) what();
    });
}

/// What it hears comes ever later; then nothing that it says gets out any more.
Nemesis::Done Nemesis::mute(const NodeImage& leads, const Strike& strike) {
    Network& network = field_.world.network();
    const NodeId id = leads.id;
    const core::Duration late =
        leads.election_timeout * static_cast<int>(20 + strike.choice / 3 % 100) / 100;
    Links out;
    for (const NodeId other : field_.world.nodes()) {
        if (other == id) continue;
        network.slow_down_one_way(other, id, late);
        out.emplace_back(id, other);
    }
    auto made = std::make_shared<Links>();
    later(strike, strike.lasts / 3, [this, out, made] { cut(out, *made); });
    return {"what reaches " + word(id) + " comes " + text_of(late) +
                " late, then nobody hears it any more",
            [&network, out, mend = mending(made)] {
                for (const auto& [from, to] : out) network.slow_down_one_way(to, from, {});
                mend();
            },
            {id}};
}

/// As many as can be spared do not hear it and stand for election; then it reaches nobody, and of
/// those whose answers it counts upon one restarts. Clients hush, or those that stand would lack
/// what the others have been sent meanwhile, and could not be elected.
Nemesis::Done Nemesis::outvote(const NodeImage& leads, const Strike& strike) {
    const NodeId id = leads.id;
    std::vector<NodeId> others;
    for (const core::Peer& peer : leads.members.all()) {
        if (peer.id != id && peer.standing == Standing::voter) others.push_back(peer.id);
    }
    const std::uint64_t choice = strike.choice / 3;
    std::ranges::rotate(others,
                        others.begin() + static_cast<std::ptrdiff_t>(choice % others.size()));
    const NodeId voter = others.back();
    Links far;
    Links near;
    for (std::size_t i = 0; i < others.size(); ++i) {
        Links& links = i < others.size() - leads.members.voter_count() / 2 ? far : near;
        links.insert(links.end(), {{id, others[i]}, {others[i], id}});
    }
    auto made = std::make_shared<Links>();
    field_.hush(true);
    later(strike, leads.election_timeout / 2, [this, far, made] { cut(far, *made); });
    const core::Duration down = leads.election_timeout / 20;
    later(strike, leads.election_timeout * static_cast<int>(20 + choice / 16 % 15) / 10,
          [this, near, made, voter, down, choice] {
              cut(near, *made);
              stop_process(voter, choice, false);
              field_.world.loop().call_in(down, [this, voter] { bring_back(voter); });
          });
    return {word(id) + " is not heard by some, then by nobody, and " + word(voter) + " restarts",
            [this, mend = mending(made)] {
                mend();
                field_.hush(false);
            },
            {id, voter}};
}

/// It is cut off with a lot of work, and a change of members, that only it takes in; then the
/// others get as much.
Nemesis::Done Nemesis::strand(const NodeImage& leads, const Strike& strike) {
    const NodeId id = leads.id;
    Links links;
    for (const NodeId other : field_.world.nodes()) {
        if (other != id) links.insert(links.end(), {{id, other}, {other, id}});
    }
    auto made = std::make_shared<Links>();
    cut(links, *made);
    const std::uint64_t count = 20 + strike.choice / 3 % 60;
    field_.pile_up(count);
    if (field_.world.nodes().size() < most_nodes_) add_node(Standing::learner);
    later(strike, 4 * leads.election_timeout, [this, count] { field_.pile_up(count); });
    return {word(id) + " reaches nobody, and is asked for " + std::to_string(count) +
                " things and a learner at once",
            mending(made),
            {id}};
}

}  // namespace rafted::sim
