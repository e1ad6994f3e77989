// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/system/segment_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "homeostat/adapters/system/segment_format.h"

namespace homeostat::system {

namespace {

std::uint64_t count_of(Bytes bytes) {
    return static_cast<std::uint64_t>(bytes.count());
}

Result<> validate(const SegmentLogOptions& options) {
    constexpr Bytes kLargestRecord{1 << 30};
    if (options.segment <= Bytes{} || options.max_record <= Bytes{} || options.max_record > kLargestRecord ||
        options.max_pending < options.max_record) {
        return fail(ErrorCode::invalid_argument,
                    "log: segment must be positive, max_record at most 1 GiB and max_pending not below it");
    }
    return {};
}

}  // namespace

Result<SegmentLog> SegmentLog::open(std::filesystem::path folder, SegmentLogOptions options) {
    if (auto valid = validate(options); !valid) return std::unexpected(std::move(valid).error());
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(ErrorCode::unavailable,
                    fmt::format("{}: cannot make the folder: {}", folder.string(), error.message()));
    }
    SegmentLog log(std::move(folder), options);
    if (auto recovered = log.recover(); !recovered) return std::unexpected(std::move(recovered).error());
    return log;
}

SegmentLog::SegmentLog(std::filesystem::path folder, SegmentLogOptions options)
    : options_(options), shared_(std::make_shared<SegmentReader::Shared>()) {
    shared_->folder = std::move(folder);
}

Result<> SegmentLog::recover() {
    HOMEOSTAT_TRY(lock_, File::open(shared_->folder / "lock", File::Access::append));
    if (auto locked = lock_.lock(); !locked) return locked;
    const auto bases = segment::list(shared_->folder);
    if (bases.empty()) return begin_segment(0);
    for (const auto base : bases) {
        HOMEOSTAT_TRY(const auto file,
                      File::open(segment::path_of(shared_->folder, base), File::Access::read));
        HOMEOSTAT_TRY(const auto bytes, file.size());
        segments_.push_back({base, bytes});
    }
    shared_->begin = bases.front();
    return recover_last();
}

Result<> SegmentLog::recover_last() {
    auto& last = segments_.back();
    HOMEOSTAT_TRY(last_, File::open(segment::path_of(shared_->folder, last.base), File::Access::append));
    HOMEOSTAT_TRY(const auto whole, segment::scan(last_, last.base, count_of(options_.max_record)));
    recovery_ = {.records = last.base + whole.records - segments_.front().base,
                 .cut_bytes = last.bytes - whole.bytes};
    if (recovery_.cut_bytes > 0) {
        if (auto kept = keep_cut(last_, whole.bytes); !kept) return kept;
        if (auto cut = last_.truncate(whole.bytes); !cut) return cut;
    }
    // What the process before wrote may not be on the disk yet.
    if (auto synced = options_.durable ? last_.sync() : Result<>{}; !synced) return synced;
    last.bytes = whole.bytes;
    shared_->committed = last.base + whole.records;
    return {};
}

Result<> SegmentLog::keep_cut(File& file, std::uint64_t from) {
    std::string bytes(recovery_.cut_bytes, '\0');
    HOMEOSTAT_TRY(const auto got, file.read(from, bytes.data(), bytes.size()));
    bytes.resize(got);
    return replace_file(shared_->folder / "torn.cut", bytes);
}

Result<> SegmentLog::begin_segment(Offset base) {
    HOMEOSTAT_TRY(auto file, File::open(segment::path_of(shared_->folder, base), File::Access::append));
    if (auto synced = sync_folder(shared_->folder); !synced) return synced;
    last_ = std::move(file);
    segments_.push_back({base, 0});
    return {};
}

Result<Offset> SegmentLog::append(std::string_view payload) {
    if (failed_) {
        return fail(ErrorCode::unavailable,
                    shared_->folder.string() + ": the disk failed; repair it, then start again");
    }
    if (payload.size() > count_of(options_.max_record)) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{}: a record of {} bytes is larger than {}", shared_->folder.string(),
                                payload.size(), options_.max_record.count()));
    }
    if (pending_.size() + segment::kHeader + payload.size() > count_of(options_.max_pending) &&
        pending_records_ > 0) {
        return fail(ErrorCode::resource_exhausted,
                    fmt::format("{}: {} bytes wait for a commit already; commit first",
                                shared_->folder.string(), pending_.size()));
    }
    const auto offset = shared_->committed + pending_records_;
    segment::append_frame(pending_, offset, payload);
    ++pending_records_;
    return offset;
}

void SegmentLog::discard() {
    pending_.clear();
    pending_records_ = 0;
}

Result<> SegmentLog::commit() {
    if (pending_records_ == 0) return {};
    auto written = write_pending();
    if (written) shared_->committed.fetch_add(pending_records_, std::memory_order_release);
    discard();
    return written;
}

Result<> SegmentLog::write_pending() {
    const bool full =
        segments_.back().bytes > 0 && segments_.back().bytes + pending_.size() > count_of(options_.segment);
    if (full) {
        if (auto synced = options_.durable ? Result<>{} : last_.sync(); !synced) return synced;
        if (auto begun = begin_segment(shared_->committed); !begun) return begun;
    }
    auto& segment = segments_.back();
    if (auto appended = last_.append(pending_); !appended) {
        if (auto restored = last_.truncate(segment.bytes); !restored) failed_ = true;
        return appended;
    }
    if (options_.durable) {
        if (auto synced = last_.sync(); !synced) {
            failed_ = true;
            std::ignore = last_.truncate(segment.bytes);
            return synced;
        }
    }
    segment.bytes += pending_.size();
    return {};
}

Bytes SegmentLog::size() const {
    std::uint64_t sum = 0;
    for (const auto& segment : segments_) sum += segment.bytes;
    return Bytes{static_cast<std::int64_t>(sum)};
}

Result<SegmentReader> SegmentLog::read(Offset from) const {
    if (from < begin() || from > end()) {
        return fail(ErrorCode::not_found, fmt::format("{}: there is no record {}; the log holds {} to {}",
                                                      shared_->folder.string(), from, begin(), end()));
    }
    const auto after = std::ranges::upper_bound(segments_, from, {}, &Segment::base);
    SegmentReader reader(shared_, count_of(options_.max_record));
    if (auto found = reader.seek(std::prev(after)->base, from); !found) {
        return std::unexpected(std::move(found).error());
    }
    return reader;
}

std::vector<Offset> SegmentLog::segments() const {
    std::vector<Offset> bases;
    bases.reserve(segments_.size());
    for (const auto& segment : segments_) bases.push_back(segment.base);
    return bases;
}

Result<> SegmentLog::remove_oldest() {
    const auto base = segments_.front().base;
    std::error_code error;
    std::filesystem::remove(segment::path_of(shared_->folder, base), error);
    if (error) {
        return fail(ErrorCode::unavailable, fmt::format("{}: cannot remove segment {}: {}",
                                                        shared_->folder.string(), base, error.message()));
    }
    segments_.erase(segments_.begin());
    shared_->begin = segments_.front().base;
    return {};
}

Result<> SegmentLog::shrink_to(Bytes keep) {
    while (segments_.size() > 1 && size() > keep) {
        if (auto removed = remove_oldest(); !removed) return removed;
    }
    return {};
}

Result<> SegmentLog::drop_before(Offset offset) {
    while (segments_.size() > 1 && segments_[1].base <= offset) {
        if (auto removed = remove_oldest(); !removed) return removed;
    }
    return {};
}

}  // namespace homeostat::system
