#include "client/caller.hpp"

#include <utility>

#include "client/calls.hpp"

namespace rafted::client {

GroupCaller::GroupCaller(ports::Loop& loop, ports::Channel& channel, CallerOptions options)
    : keep_alive_(std::exchange(options.keep_alive, nullptr)),
      loop_(loop),
      group_(options.group),
      core_(std::make_shared<Core>(loop, channel, std::move(options))) {}

GroupCaller::~GroupCaller() { close(); }

void GroupCaller::call(RequestKind kind, Bytes body, const CallOptions& options, Callback done) {
    // Before the loop hears of it: who asks faster than the loop could refuse is refused here.
    auto admission = core_->admit();
    if (!admission) return done(std::unexpected(std::move(admission.error())));
    Core::Request request{kind, std::move(body), options, std::move(done), std::move(*admission)};
    if (loop_.in_loop()) return core_->begin(std::move(request));
    // Shared: if the loop takes the job no more, it is answered here.
    const auto shared = std::make_shared<Core::Request>(std::move(request));
    const bool posted = loop_.post([core = core_, shared] { core->begin(std::move(*shared)); });
    if (!posted) shared->done(fail(ErrorCode::stopped, "the node or client is closed"));
}

void GroupCaller::close() {
    if (loop_.in_loop()) return core_->close();
    const bool posted = loop_.post([core = core_] { core->close(); });
    // A loop that has stopped has no thread that could be in the core.
    if (!posted) core_->close();
}

}  // namespace rafted::client
