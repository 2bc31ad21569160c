#include "live/faults/faulty.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace rafted::test {

std::string told(const char* variable) {
    const char* const value = std::getenv(variable);
    return value == nullptr ? "" : value;
}

bool is_full() { return !told("RAFTED_FULL").empty(); }

std::string text_of(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

void write_text(const std::string& file, const std::string& text) {
    std::ofstream(file + ".new") << text;
    std::filesystem::rename(file + ".new", file);
}

std::vector<std::string> under_faults(const std::string& disk, const std::string& orders) {
    return {"LD_PRELOAD=" RAFTED_FAULTS_LIBRARY, "RAFTED_FAULTS=dir=" + disk + " " + orders};
}

FaultyNode::FaultyNode(const std::string& dir) : dir_(dir) {
    std::filesystem::create_directories(disk());
}

bool FaultyNode::start(const std::string& orders) {
    LiveStart start;
    if (orders != "none") start.environment = under_faults(disk(), orders);
    return begin(std::move(start));
}

bool FaultyNode::start_through(std::vector<std::string> program) {
    LiveStart start;
    start.through = std::move(program);
    return begin(std::move(start));
}

bool FaultyNode::begin(LiveStart start) {
    process_.reset();
    start.arguments = {"demo-node", "--create", "--dir", disk() + "/node", "--snapshot-floor-bytes",
                       "0"};
    start.errors_to = dir_ + "/log";
    process_.emplace(std::move(start));
    const std::string open = process_->line();
    if (open.starts_with("node ")) address_ = open.substr(22);
    refusal_ = open.starts_with("node ") ? process_->line() : open;
    if (refusal_ == "member") refusal_.clear();
    return open.starts_with("node ") && refusal_.empty() && !process_->ended();
}

Group<Queue> FaultyNode::group() const {
    auto client = Client::open({{address_}, std::nullopt});
    EXPECT_TRUE(client);
    return client->group<Queue>(app::demo::group_name);
}

Result<Status> FaultyNode::status() const {
    auto client = Client::open({{address_}, std::nullopt});
    if (!client) return std::unexpected(client.error());
    return client->status(address_, app::demo::group_name, std::chrono::seconds(2));
}

}  // namespace rafted::test
