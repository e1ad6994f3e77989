// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "homeostat/adapters/ingest/batch.h"
#include "homeostat/base/result.h"

namespace homeostat::ingest {

/// Reads OTLP's JSON encoding: lowerCamelCase names, ids in hex, 64-bit integers as texts or numbers.
/// One thread at a time.
class JsonDecoder {
public:
    JsonDecoder();
    ~JsonDecoder();
    JsonDecoder(const JsonDecoder&) = delete;
    JsonDecoder& operator=(const JsonDecoder&) = delete;

    /// Replaces `batch`; its views are valid until the next call. Members that are unknown are skipped; one
    /// that we use and that has a wrong type fails the request. On error the batch is empty. Errors:
    /// `invalid_argument` naming the member, or for text that is no JSON or has more than
    /// Batch::kRecordsMax records.
    [[nodiscard]] Result<> decode(Signal signal, std::string_view text, Batch& batch);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::ingest
