#include "sim/guarded.hpp"

#include <exception>
#include <string>

namespace rafted::sim {

Report guarded(const Options& options, const std::function<Report()>& run) {
    Report report;
    try {
        return run();
    } catch (const std::exception& thrown) {
        report.text = std::string("the workload threw: ") + thrown.what();
    } catch (...) {
        report.text = "the workload threw something that is no std::exception";
    }
    report.ok = false;
    report.seed = options.seed;
    report.check = "workload";
    report.replay = "--seed " + std::to_string(options.seed);
    return report;
}

}  // namespace rafted::sim
