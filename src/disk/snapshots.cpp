#include "disk/snapshots.hpp"

#include <algorithm>
#include <charconv>

namespace rafted::disk {
namespace {

constexpr std::string_view whole_ending = ".snap";
constexpr std::string_view saving_ending = ".saving";
constexpr std::string_view received_ending = ".received";
constexpr std::string_view damaged_ending = ".damaged";

Snapshots::Name name_of(const core::SnapshotMeta& meta) { return {meta.index, meta.term}; }

class Sink final : public ports::SnapshotSink {
public:
    struct Place {
        Snapshots* snapshots = nullptr;
        ports::Files* files = nullptr;
        ports::Slot slot = 0;
        std::string path;
    };
    Sink(Place place, SnapshotWriter writer)
        : place_(std::move(place)), writer_(std::move(writer)) {}
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink() override {
        // Without this file nothing is lost; the next start removes what cannot be removed now.
        if (!committed_) static_cast<void>(place_.files->remove(place_.path));
    }

    Result<void> write(BytesView piece) override { return writer_.write(piece); }
    Result<void> commit() override {
        auto done = writer_.finish();
        if (done) {
            done =
                place_.snapshots->put_in_place(place_.slot, name_of(writer_.meta()), place_.path);
        }
        committed_ = done.has_value();
        return done;
    }

private:
    Place place_;
    SnapshotWriter writer_;
    bool committed_ = false;
};

class Source final : public ports::SnapshotSource {
public:
    explicit Source(SnapshotReader reader) : reader_(std::move(reader)) {}
    const core::SnapshotMeta& meta() const override { return reader_.meta(); }
    std::uint64_t size() const override { return reader_.size(); }
    std::uint64_t checksum() const override { return reader_.stream_checksum(); }
    Result<Bytes> read(std::uint64_t offset, std::size_t max) override {
        return reader_.read(offset, max);
    }
    std::uint64_t packed_size() const override { return reader_.packed_size(); }
    Result<Bytes> read_packed(std::uint64_t offset, std::size_t max) override {
        return reader_.read_packed(offset, max);
    }

private:
    SnapshotReader reader_;
};

std::optional<std::uint64_t> parse_hex(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    const bool exact = error == std::errc() && end == text.data() + text.size();
    if (!exact || hex(number) != text) return std::nullopt;
    return number;
}

}  // namespace

std::string Snapshots::text(const Name& name) {
    return hex(name.index.value) + "-" + hex(name.term.value);
}

std::optional<Snapshots::Name> Snapshots::parse(std::string_view text) {
    if (text.size() != 33 || text[16] != '-') return std::nullopt;
    const auto index = parse_hex(text.substr(0, 16));
    const auto term = parse_hex(text.substr(17));
    if (!index || !term) return std::nullopt;
    return Name{Index(*index), Term(*term)};
}

std::string Snapshots::dir_of(ports::Slot slot) const {
    return home_.dir + "/" + std::to_string(slot);
}

std::string Snapshots::path_of(ports::Slot slot, const Name& name) const {
    return dir_of(slot) + "/" + text(name) + std::string(whole_ending);
}

Result<std::vector<Snapshots::Name>> Snapshots::list(ports::Slot slot) const {
    const auto files = home_.files->list(dir_of(slot));
    if (!files) return std::unexpected(files.error());
    std::vector<Name> names;
    for (const std::string& file : files->value_or(std::vector<std::string>{})) {
        if (!file.ends_with(whole_ending)) continue;
        const auto stem = std::string_view(file).substr(0, file.size() - whole_ending.size());
        if (const auto name = parse(stem)) names.push_back(*name);
    }
    const std::lock_guard hold(mutex_);
    if (const auto behind = left_behind_.find(slot); behind != left_behind_.end()) {
        std::erase_if(names, [&](const Name& name) { return behind->second.contains(name); });
    }
    std::ranges::sort(names, std::greater{});
    return names;
}

std::vector<std::pair<ports::Slot, Snapshots::Name>> Snapshots::missing() const {
    const auto newest = [this] {
        const std::lock_guard hold(mutex_);
        return newest_;
    };
    std::vector<std::pair<ports::Slot, Name>> gone;
    for (const auto& [slot, name] : newest()) {
        const auto names = list(slot);
        if (names && std::ranges::find(*names, name) == names->end()) gone.emplace_back(slot, name);
    }
    // Two newer ones may have been made meanwhile, and this one let go.
    std::erase_if(gone, [now = newest()](const auto& one) {
        const auto found = now.find(one.first);
        return found == now.end() || found->second != one.second;
    });
    return gone;
}

Result<SnapshotReader> Snapshots::reader(ports::Slot slot, const Name& name,
                                         ports::OpenMode mode) const {
    const std::string path = path_of(slot, name);
    auto file = home_.files->open(path, mode);
    if (!file) return std::unexpected(file.error());
    auto reader = SnapshotReader::open(std::move(*file), path, {home_.node, slot});
    if (reader && name_of(reader->meta()) != name) {
        return fail(ErrorCode::corrupt, path + " holds snapshot " + text(name_of(reader->meta())) +
                                            ": files have been swapped or renamed");
    }
    return reader;
}

Result<SnapshotWriter> Snapshots::create(ports::Slot slot, const core::SnapshotMeta& meta,
                                         std::string_view ending, ports::OpenMode mode) const {
    if (auto made = home_.files->make_directory(dir_of(slot)); !made) {
        return std::unexpected(made.error());
    }
    const std::string path = dir_of(slot) + "/" + text(name_of(meta)) + std::string(ending);
    return SnapshotWriter::create({home_.files, path, {home_.node, slot}, mode}, meta);
}

Result<std::unique_ptr<ports::SnapshotSink>> Snapshots::save(ports::Slot slot,
                                                             const core::SnapshotMeta& meta) {
    auto writer = create(slot, meta, saving_ending, ports::OpenMode::create_beside);
    if (!writer) return std::unexpected(writer.error());
    const std::string path = dir_of(slot) + "/" + text(name_of(meta)) + std::string(saving_ending);
    return std::make_unique<Sink>(Sink::Place{this, home_.files, slot, path}, std::move(*writer));
}

Result<std::unique_ptr<ports::SnapshotSource>> Snapshots::open(ports::Slot slot) const {
    // A newer one may take the place of the one just listed before it is opened.
    constexpr int tries = 3;
    Error last;
    for (int i = 0; i < tries; ++i) {
        const auto names = list(slot);
        if (!names) return std::unexpected(names.error());
        if (names->empty()) {
            return fail(ErrorCode::no_such_group,
                        "slot " + std::to_string(slot) + " has no snapshot");
        }
        auto found = reader(slot, names->front());
        if (found) return std::make_unique<Source>(std::move(*found));
        last = std::move(found).error();
        if (last.code != ErrorCode::invalid) break;
    }
    return std::unexpected(std::move(last));
}

Result<void> Snapshots::Receiving::add(const core::SnapshotPiece& piece) {
    auto done = arrival.add(piece.data, [this](const Arrival::Block& block) {
        return block.packed.empty() ? writer.write(block.value)
                                    : writer.write_packed(block.packed, block.value);
    });
    if (!done || !piece.last) return done;
    if (done = writer.finish(); !done) return done;
    return arrival.verify(writer.stream_checksum());
}

Result<std::optional<ReceivedSnapshot>> Snapshots::receive(ports::Slot slot,
                                                           const core::SnapshotPiece& piece) {
    if (piece.offset == 0) {
        receiving_.erase(slot);
        // By the thread that writes the journal: it must not pause.
        auto writer = create(slot, piece.meta, received_ending, ports::OpenMode::create);
        if (!writer) return std::unexpected(writer.error());
        receiving_.emplace(slot, Receiving{Arrival(piece), std::move(*writer)});
    }
    const auto found = receiving_.find(slot);
    if (found == receiving_.end() || !found->second.arrival.is_next(piece)) {
        return out_of_place(slot, piece);
    }
    auto done = found->second.add(piece);
    if (done && !piece.last) return std::nullopt;
    if (done) done = home_.files->sync_directory(dir_of(slot));
    receiving_.erase(found);
    if (!done) {
        const std::string path =
            dir_of(slot) + "/" + text(name_of(piece.meta)) + std::string(received_ending);
        static_cast<void>(home_.files->remove(path));
        return std::unexpected(done.error());
    }
    return ReceivedSnapshot{slot, piece.meta};
}

/// Late or repeated pieces are harmless, unless somebody waits for the whole.
Result<std::optional<ReceivedSnapshot>> Snapshots::out_of_place(
    ports::Slot slot, const core::SnapshotPiece& piece) const {
    if (!piece.last) return std::nullopt;
    const auto names = list(slot);
    if (!names) return std::unexpected(names.error());
    if (std::ranges::find(*names, name_of(piece.meta)) != names->end()) return std::nullopt;
    return std::unexpected(Arrival::incomplete(piece));
}

Result<void> Snapshots::install(const ReceivedSnapshot& received) {
    const Name name = name_of(received.meta);
    const std::string path =
        dir_of(received.slot) + "/" + text(name) + std::string(received_ending);
    return put_in_place(received.slot, name, path);
}

Result<void> Snapshots::put_in_place(ports::Slot slot, const Name& name, const std::string& path) {
    {
        const std::lock_guard hold(mutex_);
        auto done = home_.files->rename(path, path_of(slot, name));
        if (!done) return done;
        Name& newest = newest_[slot];
        newest = std::max(newest, name);
        // It has taken the place of the one that was left behind under this name.
        if (const auto behind = left_behind_.find(slot); behind != left_behind_.end()) {
            behind->second.erase(name);
        }
    }
    auto done = home_.files->sync_directory(dir_of(slot));
    if (!done) return done;
    const auto names = list(slot);
    if (!names) return std::unexpected(names.error());
    for (std::size_t i = kept; i < names->size(); ++i) {
        if (done = home_.files->remove(path_of(slot, (*names)[i])); !done) return done;
    }
    return remove_ending(slot, damaged_ending);
}

Result<void> Snapshots::remove_all(ports::Slot slot) {
    receiving_.erase(slot);
    {
        const std::lock_guard hold(mutex_);
        left_behind_.erase(slot);
        newest_.erase(slot);
    }
    return remove_ending(slot, "");
}

Result<void> Snapshots::remove_ending(ports::Slot slot, std::string_view ending) const {
    const auto files = home_.files->list(dir_of(slot));
    if (!files) return std::unexpected(files.error());
    for (const std::string& file : files->value_or(std::vector<std::string>{})) {
        if (!file.ends_with(ending)) continue;
        if (auto gone = home_.files->remove(dir_of(slot) + "/" + file); !gone) return gone;
    }
    return {};
}

/// Ends an install that was cut short after the journal had said that it counts.
Result<void> Snapshots::finish_install(const GroupImage& group) const {
    const ports::Slot slot = group.record.slot;
    const Name name{group.installed, group.installed_term};
    const std::string waiting = text(name) + std::string(received_ending);
    const auto files = home_.files->list(dir_of(slot));
    if (!files) return std::unexpected(files.error());
    const auto found = files->value_or(std::vector<std::string>{});
    const bool waits = name.index > Index(0) && std::ranges::find(found, waiting) != found.end();
    if (!waits) return {};
    return home_.files->rename(dir_of(slot) + "/" + waiting, path_of(slot, name));
}

Result<Snapshots::AtStart> Snapshots::recover(const GroupImage& group) {
    const ports::Slot slot = group.record.slot;
    AtStart start;
    const auto files = home_.files->list(dir_of(slot));
    if (!files) return std::unexpected(files.error());
    if (!*files) return start;
    auto ready = finish_install(group);
    if (ready) ready = remove_ending(slot, saving_ending);
    if (ready) ready = remove_ending(slot, received_ending);
    if (ready && group.record.removed) ready = remove_ending(slot, "");
    if (ready) ready = home_.files->sync_directory(dir_of(slot));
    if (!ready) return std::unexpected(ready.error());
    const auto names = list(slot);
    if (!names) return std::unexpected(names.error());
    for (const Name& name : *names) {
        auto found = reader(slot, name);
        auto verified = found ? found->verify() : Result<void>(std::unexpected(found.error()));
        if (found && start.members.empty()) start.members = found->meta().members;
        if (verified) {
            start.newest = found->meta();
            const std::lock_guard hold(mutex_);
            newest_[slot] = name;
            break;
        }
        if (verified.error().code != ErrorCode::corrupt) return std::unexpected(verified.error());
        start.damaged.emplace_back(name, verified.error().message);
    }
    return start;
}

Result<void> Snapshots::set_aside(ports::Slot slot, const Name& name) const {
    const std::string path = path_of(slot, name);
    return home_.files->rename(path, path + std::string(damaged_ending));
}

Result<void> Snapshots::leave_behind(ports::Slot slot) {
    const auto names = list(slot);
    if (!names) return std::unexpected(names.error());
    const std::lock_guard hold(mutex_);
    left_behind_[slot].insert(names->begin(), names->end());
    newest_.erase(slot);
    return {};
}

Result<void> Snapshots::let_go(ports::Slot slot) {
    const std::lock_guard hold(mutex_);
    const auto behind = left_behind_.find(slot);
    if (behind == left_behind_.end()) return {};
    while (!behind->second.empty()) {
        const auto first = behind->second.begin();
        if (auto done = set_aside(slot, *first); !done) return done;
        behind->second.erase(first);
    }
    return {};
}

}  // namespace rafted::disk
