#include "disk/backup_dir.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/checksum.hpp"
#include "core/codec.hpp"

namespace rafted::disk {
namespace {

constexpr std::string_view magic = "RFTDBKUP";
constexpr const char* value_name = "value";
constexpr const char* manifest_name = "manifest";
constexpr std::size_t prefix = 8 + 4;
/// A list of members and a name; far more than any has.
constexpr std::size_t max_manifest_bytes = 16 << 20;

std::unexpected<Error> damaged(const std::string& path, const std::string& what) {
    return fail(ErrorCode::corrupt, path + " is damaged: " + what);
}

Result<Bytes> read_whole(const ports::File& file) {
    const auto size = file.size();
    if (!size) return std::unexpected(size.error());
    Bytes bytes(std::min<std::uint64_t>(*size, max_manifest_bytes));
    const auto got = file.read(0, bytes);
    if (!got) return std::unexpected(got.error());
    bytes.resize(*got);
    return bytes;
}

}  // namespace

Bytes encode(const BackupManifest& manifest) {
    Writer meta;
    core::encode(meta, manifest.meta);
    Writer out;
    out.raw(view_of(magic));
    out.number(backup_version);
    out.number(manifest.cluster.value);
    out.number(manifest.node.value);
    out.number(manifest.group.value);
    out.text(manifest.name);
    out.blob(meta.view());
    out.number(manifest.made_at.count());
    out.number(manifest.bytes);
    out.number(manifest.checksum);
    out.number(core::checksum(out.view()));
    return out.take();
}

Result<BackupManifest> decode_manifest(BytesView bytes, const std::string& path) {
    if (bytes.size() < prefix || text_of(bytes.first(magic.size())) != magic) {
        return damaged(path, "it does not begin with " + std::string(magic));
    }
    Reader in(bytes.subspan(magic.size()));
    const auto version = in.number<std::uint32_t>();
    if (version != backup_version) {
        return fail(ErrorCode::wrong_version,
                    path + " has backup format version " + std::to_string(version) +
                        ", this program reads version " + std::to_string(backup_version));
    }
    std::uint64_t sum = 0;
    if (bytes.size() < prefix + sizeof sum) return damaged(path, "it is cut short");
    const auto body = bytes.first(bytes.size() - sizeof sum);
    std::memcpy(&sum, bytes.data() + body.size(), sizeof sum);
    if (core::checksum(body) != sum) return damaged(path, "its checksum does not fit");
    BackupManifest manifest;
    manifest.cluster = ClusterId(in.number<std::uint64_t>());
    manifest.node = NodeId(in.number<std::uint64_t>());
    manifest.group = GroupId(in.number<std::uint64_t>());
    manifest.name = in.text();
    Reader meta(in.blob());
    manifest.meta = core::decode_snapshot_meta(meta);
    manifest.made_at = core::LogTime(in.number<std::int64_t>());
    manifest.bytes = in.number<std::uint64_t>();
    manifest.checksum = in.number<std::uint64_t>();
    in.number<std::uint64_t>();
    if (!in.complete() || !meta.complete()) return damaged(path, "it makes no sense");
    return manifest;
}

Result<void> check_unused(ports::Files& files, const std::string& dir) {
    const auto found = files.list(dir);
    if (!found) return std::unexpected(found.error());
    if (!*found || (*found)->empty()) return {};
    const auto holds = [&](const char* name) {
        return std::ranges::find(**found, name) != (*found)->end();
    };
    const bool is_unfinished = holds(value_name) && !holds(manifest_name);
    return fail(
        ErrorCode::invalid,
        dir + (is_unfinished ? " holds a backup that was never finished; remove it"
                             : " is not empty; give a directory that is, or does not exist"));
}

Result<BackupWriter> BackupWriter::create(ports::Files& files, const std::string& dir) {
    if (auto unused = check_unused(files, dir); !unused) return std::unexpected(unused.error());
    if (auto made = files.make_directory(dir); !made) return std::unexpected(made.error());
    BackupWriter writer(files, dir);
    if (auto begun = writer.start_over(); !begun) return std::unexpected(begun.error());
    return writer;
}

BackupWriter::BackupWriter(BackupWriter&& other) noexcept
    : files_(other.files_),
      dir_(std::move(other.dir_)),
      value_(std::move(other.value_)),
      size_(other.size_),
      sum_(std::move(other.sum_)),
      is_over_(std::exchange(other.is_over_, true)) {}

BackupWriter::~BackupWriter() {
    if (is_over_) return;
    value_.reset();
    // What cannot be removed is no backup either: it has no manifest.
    static_cast<void>(files_->remove(dir_ + "/" + manifest_name + ".new"));
    static_cast<void>(files_->remove(dir_ + "/" + value_name));
}

Result<void> BackupWriter::start_over() {
    auto file = files_->open(dir_ + "/" + value_name, ports::OpenMode::create);
    if (!file) return std::unexpected(file.error());
    value_ = std::move(*file);
    size_ = 0;
    sum_ = {};
    return {};
}

Result<void> BackupWriter::write(BytesView piece) {
    const std::array<BytesView, 1> pieces{piece};
    auto written = value_->write(size_, pieces);
    if (!written) return written;
    size_ += piece.size();
    sum_.add(piece);
    return {};
}

Result<void> BackupWriter::finish(const BackupManifest& manifest) {
    if (size_ != manifest.bytes || sum_.value() != manifest.checksum) {
        return damaged(dir_ + "/" + value_name, "what arrived is not what the member had saved (" +
                                                    std::to_string(size_) + " of " +
                                                    std::to_string(manifest.bytes) + " bytes)");
    }
    auto done = value_->sync();
    if (done) done = put_manifest(manifest);
    is_over_ = done.has_value();
    return done;
}

Result<void> BackupWriter::put_manifest(const BackupManifest& manifest) {
    const std::string path = dir_ + "/" + manifest_name;
    auto file = files_->open(path + ".new", ports::OpenMode::create);
    if (!file) return std::unexpected(file.error());
    const Bytes bytes = encode(manifest);
    const std::array<BytesView, 1> pieces{bytes};
    auto done = (*file)->write(0, pieces);
    if (done) done = (*file)->sync();
    if (done) done = files_->rename(path + ".new", path);
    if (done) done = files_->sync_directory(dir_);
    return done;
}

Result<BackupReader> BackupReader::open(ports::Files& files, const std::string& dir) {
    const auto found = files.list(dir);
    if (!found) return std::unexpected(found.error());
    if (!*found) return fail(ErrorCode::invalid, dir + " does not exist");
    if (std::ranges::find(**found, manifest_name) == (*found)->end()) {
        return fail(ErrorCode::invalid,
                    dir + " is no backup, or one that was never finished: it has no manifest");
    }
    BackupReader reader;
    const std::string path = dir + "/" + manifest_name;
    const auto file = files.open(path, ports::OpenMode::read);
    if (!file) return std::unexpected(file.error());
    const auto bytes = read_whole(**file);
    if (!bytes) return std::unexpected(bytes.error());
    auto manifest = decode_manifest(*bytes, path);
    if (!manifest) return std::unexpected(manifest.error());
    reader.manifest_ = std::move(*manifest);
    reader.path_ = dir + "/" + value_name;
    auto value = files.open(reader.path_, ports::OpenMode::read);
    if (!value) return std::unexpected(value.error());
    reader.value_ = std::move(*value);
    return reader;
}

Result<void> BackupReader::read(const std::function<Result<void>(BytesView)>& take) const {
    const auto size = value_->size();
    if (!size) return std::unexpected(size.error());
    if (*size != manifest_.bytes) {
        return damaged(path_, "it has " + std::to_string(*size) + " bytes, its manifest says " +
                                  std::to_string(manifest_.bytes));
    }
    StreamChecksum sum;
    Bytes piece(snapshot_block_bytes);
    for (std::uint64_t at = 0; at < *size; at += piece.size()) {
        piece.resize(std::min<std::uint64_t>(piece.size(), *size - at));
        const auto got = value_->read(at, piece);
        if (!got) return std::unexpected(got.error());
        if (*got < piece.size()) return damaged(path_, "it is cut short");
        sum.add(piece);
        if (auto taken = take(piece); !taken) return taken;
    }
    if (sum.value() != manifest_.checksum) {
        return damaged(path_, "its checksum does not fit its manifest");
    }
    return {};
}

}  // namespace rafted::disk
