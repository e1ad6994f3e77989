// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/adapters/system/file.h"
#include "homeostat/base/result.h"
#include "homeostat/base/units.h"

namespace homeostat::system {

/// The place of a record in a log: 0 for the first ever, then one more for each.
using Offset = std::uint64_t;

struct SegmentLogOptions {
    Bytes segment{64 << 20};      // a new file is begun beyond this
    Bytes max_record{16 << 20};   // a larger one is refused
    Bytes max_pending{64 << 20};  // appended but not yet committed; more is refused
    bool durable = true;  // commit waits for the disk; else only a crash of the machine may lose records
};

/// Reads committed records in order. May be used from another thread than the log's, one reader a thread,
/// and outlive the log.
class SegmentReader {
public:
    /// Reads a log that another process may be writing, or that nobody is: from its first record to the
    /// last that was whole at the moment of opening. Errors: `not_found` if the folder holds no log.
    [[nodiscard]] static Result<SegmentReader> open(const std::filesystem::path& folder,
                                                    std::uint64_t max_record = std::uint64_t{16} << 20U);

    /// The next record, valid until the next call; nothing at the end of what is committed: ask again
    /// later. Errors: `not_found` if retention has removed the record, `data_loss` if it is damaged.
    [[nodiscard]] Result<std::optional<std::string_view>> next();

    /// Of the record that next() will return.
    [[nodiscard]] Offset offset() const { return offset_; }

private:
    friend class SegmentLog;
    /// What the log tells its readers.
    struct Shared {
        std::filesystem::path folder;
        std::atomic<Offset> begin{0};
        std::atomic<Offset> committed{0};
    };
    SegmentReader(std::shared_ptr<const Shared> shared, std::uint64_t max_record)
        : shared_(std::move(shared)), max_record_(max_record) {}

    [[nodiscard]] Result<> open_segment(Offset base);
    [[nodiscard]] Result<> seek(Offset base, Offset offset);
    /// The next `size` bytes of the segment, fewer at its end; they stay unread.
    [[nodiscard]] Result<std::string_view> peek(std::size_t size);
    [[nodiscard]] std::unexpected<Error> damaged() const;

    std::shared_ptr<const Shared> shared_;
    std::uint64_t max_record_;
    File file_;
    Offset offset_ = 0;
    std::uint64_t position_ = 0;  // in the file, of the first byte after the buffered ones
    std::string buffer_;          // read ahead
    std::size_t used_ = 0;        // of the buffer
};

/// A log of records in files, one after the other: durable, and whole after a crash at any moment.
///
///     log     = segment…                    file name: offset of the first record, 20 digits, ".log"
///     segment = frame…
///     frame   = length:u32 checksum:u64 payload      little endian; checksum = XXH3(payload, seed offset)
///
/// Records are appended in memory and committed as a group: one write, one wait for the disk. A commit that
/// fails leaves the log as it was after the last one that did not, without the records appended since.
/// After a crash, opening cuts the torn tail of the last segment, which was never reported as committed;
/// the bytes are kept beside it in "torn.cut", those of the newest cut only.
///
/// One writer: the folder is locked. Not thread-safe but for readers.
class SegmentLog {
public:
    struct Recovery {
        std::uint64_t records = 0;  // in the log
        std::uint64_t cut_bytes = 0;
    };

    /// Opens the log of a folder, which is made if it does not exist. Errors: `failed_precondition` if
    /// another process has it open, or those of File.
    [[nodiscard]] static Result<SegmentLog> open(std::filesystem::path folder,
                                                 SegmentLogOptions options = {});

    /// Adds a record to the next commit and returns its offset. Errors: `invalid_argument` for one larger
    /// than max_record, `resource_exhausted` beyond max_pending, `unavailable` after the disk failed.
    [[nodiscard]] Result<Offset> append(std::string_view payload);

    /// Makes everything appended durable, and visible to readers. On error nothing of it is. Errors: those
    /// of File; after a failed wait for the disk the log is `unavailable` until it is opened again, since the
    /// system may have dropped what it could not write.
    [[nodiscard]] Result<> commit();

    /// Drops everything appended since the last commit.
    void discard();

    /// The oldest record that is still there, and the end of what is committed.
    [[nodiscard]] Offset begin() const { return shared_->begin; }
    [[nodiscard]] Offset end() const { return shared_->committed; }
    [[nodiscard]] Bytes size() const;
    [[nodiscard]] const Recovery& recovery() const { return recovery_; }

    /// A reader at `from`, which lies in [begin, end]. Errors: `not_found` outside of it.
    [[nodiscard]] Result<SegmentReader> read(Offset from) const;

    /// The first record of each segment, oldest first: where a search may begin.
    [[nodiscard]] std::vector<Offset> segments() const;

    /// Removes whole segments, oldest first, while the log is larger than `keep`; never the last one.
    [[nodiscard]] Result<> shrink_to(Bytes keep);
    /// Removes the segments that lie wholly before `offset`.
    [[nodiscard]] Result<> drop_before(Offset offset);

private:
    struct Segment {
        Offset base = 0;
        std::uint64_t bytes = 0;
    };

    SegmentLog(std::filesystem::path folder, SegmentLogOptions options);

    [[nodiscard]] Result<> recover();
    [[nodiscard]] Result<> recover_last();
    [[nodiscard]] Result<> keep_cut(File& file, std::uint64_t from);
    [[nodiscard]] Result<> begin_segment(Offset base);
    [[nodiscard]] Result<> write_pending();
    [[nodiscard]] Result<> remove_oldest();

    SegmentLogOptions options_;
    std::shared_ptr<SegmentReader::Shared> shared_;
    File lock_;
    File last_;  // the file of the last segment
    std::vector<Segment> segments_;
    std::string pending_;
    std::uint64_t pending_records_ = 0;
    bool failed_ = false;
    Recovery recovery_;
};

}  // namespace homeostat::system
