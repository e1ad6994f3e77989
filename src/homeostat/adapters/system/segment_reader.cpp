// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "homeostat/adapters/system/segment_format.h"
#include "homeostat/adapters/system/segment_log.h"

namespace homeostat::system {

Result<SegmentReader> SegmentReader::open(const std::filesystem::path& folder, std::uint64_t max_record) {
    const auto bases = segment::list(folder);
    if (bases.empty()) return fail(ErrorCode::not_found, folder.string() + ": there is no log here");
    HOMEOSTAT_TRY(const auto last, File::open(segment::path_of(folder, bases.back()), File::Access::read));
    HOMEOSTAT_TRY(const auto extent, segment::scan(last, bases.back(), max_record));
    auto shared = std::make_shared<Shared>();
    shared->folder = folder;
    shared->begin = bases.front();
    shared->committed = bases.back() + extent.records;
    SegmentReader reader(std::move(shared), max_record);
    if (auto opened = reader.open_segment(bases.front()); !opened) {
        return std::unexpected(std::move(opened).error());
    }
    return reader;
}

Result<> SegmentReader::open_segment(Offset base) {
    auto file = File::open(segment::path_of(shared_->folder, base), File::Access::read);
    if (!file && file.error().code == ErrorCode::not_found) {
        if (base >= shared_->begin) return damaged();
        return fail(ErrorCode::not_found,
                    fmt::format("{}: record {} was removed by retention; the oldest is {}",
                                shared_->folder.string(), base, shared_->begin.load()));
    }
    if (!file) return std::unexpected(std::move(file).error());
    file_ = *std::move(file);
    offset_ = base;
    position_ = 0;
    buffer_.clear();
    used_ = 0;
    return {};
}

Result<> SegmentReader::seek(Offset base, Offset offset) {
    if (auto opened = open_segment(base); !opened) return opened;
    while (offset_ < offset) {
        HOMEOSTAT_TRY(const auto record, next());
        if (!record) return damaged();
    }
    return {};
}

std::unexpected<Error> SegmentReader::damaged() const {
    return fail(ErrorCode::data_loss,
                fmt::format("{}: record {} is damaged or missing; restore it from a copy",
                            shared_->folder.string(), offset_));
}

Result<std::string_view> SegmentReader::peek(std::size_t size) {
    constexpr std::size_t kChunk = std::size_t{64} << 10U;
    if (buffer_.size() - used_ < size) {
        buffer_.erase(0, used_);
        used_ = 0;
        const auto kept = buffer_.size();
        const auto wanted = std::max(size, kChunk);
        buffer_.resize(wanted);
        auto got = file_.read(position_, buffer_.data() + kept, wanted - kept);
        buffer_.resize(kept + got.value_or(0));
        if (!got) return std::unexpected(std::move(got).error());
        position_ += *got;
    }
    return std::string_view(buffer_).substr(used_, size);
}

Result<std::optional<std::string_view>> SegmentReader::next() {
    if (offset_ >= shared_->committed.load(std::memory_order_acquire)) return std::nullopt;
    HOMEOSTAT_TRY(auto bytes, peek(segment::kHeader));
    if (bytes.empty()) {  // the end of this segment, and there is more: it is in the next
        if (auto opened = open_segment(offset_); !opened) return std::unexpected(std::move(opened).error());
        HOMEOSTAT_TRY(bytes, peek(segment::kHeader));
    }
    if (bytes.size() < segment::kHeader) return damaged();
    const auto header = segment::read_header(bytes);
    if (header.length > max_record_) return damaged();
    HOMEOSTAT_TRY(bytes, peek(segment::kHeader + header.length));
    const auto payload = bytes.substr(segment::kHeader);
    if (!segment::is_whole(header, offset_, payload)) return damaged();
    used_ += bytes.size();
    ++offset_;
    return payload;
}

}  // namespace homeostat::system
