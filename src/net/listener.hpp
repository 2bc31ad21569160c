// The one door of a node: accepts connections, hears their hello, and hands them to whoever serves
// peers or clients. Speaks for no group.
//   1. Nothing behind the hello is looked at before the hello was found good.
//   2. Connections are counted from accept to close; beyond the limit they are refused with busy.
//   3. A failing accept (no descriptors left) is tried again after a pause, never in a circle.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/connection.hpp"
#include "net/options.hpp"

namespace rafted::net {

class Listener {
public:
    /// Takes a greeted connection and sets its handler. Returns an error to refuse it.
    using Welcome = std::function<Result<void>(const std::shared_ptr<Connection>&, const Hello&)>;

    /// Takes the address at once. Fails with invalid (a bad address) or in_use; names the address.
    static Result<std::unique_ptr<Listener>> open(Loop& loop, const std::string& address,
                                                  const Options& options);
    ~Listener();

    /// Begins to accept. requires: on the loop, or before it starts.
    void start(std::shared_ptr<const Identity> identity, Welcome peers, Welcome clients);
    /// Accepts no more and closes what has not said hello. requires: as start().
    void close();
    /// The address listened on, with the port that was taken.
    const std::string& address() const { return address_; }

    struct Core;  // listener.cpp
    Listener(std::shared_ptr<Core> core, std::string address);

private:
    std::shared_ptr<Core> core_;
    std::string address_;
};

}  // namespace rafted::net
