// The Asio side of a Loop, and the only header of this folder that brings Asio in.
#pragma once

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>

#include "net/loop.hpp"

namespace rafted::net {

struct Loop::Io {
    /// One thread runs it, so the sockets need no locks; post() from outside still has one.
    boost::asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
    /// Where every connection of the loop receives: idle connections hold no buffer of their own.
    std::array<std::byte, std::size_t{256} << 10> scratch;
};

}  // namespace rafted::net
