// Names of the requests, as printed in log lines and traces.
#include "rafted/caller.hpp"

namespace rafted {

std::string_view name_of(RequestKind kind) {
    switch (kind) {
        case RequestKind::command: return "command";
        case RequestKind::open_session: return "open_session";
        case RequestKind::query: return "query";
        case RequestKind::query_stale: return "query_stale";
        case RequestKind::status: return "status";
        case RequestKind::list_groups: return "list_groups";
        case RequestKind::metrics: return "metrics";
        case RequestKind::begin_backup: return "begin_backup";
        case RequestKind::read_backup: return "read_backup";
        case RequestKind::end_backup: return "end_backup";
        case RequestKind::add_member: return "add_member";
        case RequestKind::promote: return "promote";
        case RequestKind::remove: return "remove";
        case RequestKind::force_remove: return "force_remove";
        case RequestKind::transfer_lead: return "transfer_lead";
        case RequestKind::set_config: return "set_config";
    }
    return "unknown";
}

}  // namespace rafted
