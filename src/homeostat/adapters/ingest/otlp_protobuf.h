// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "homeostat/adapters/ingest/batch.h"
#include "homeostat/base/result.h"

namespace homeostat::ingest {

/// Reads an OTLP Export…ServiceRequest without building messages: only the fields that we use are looked
/// at. `batch` is replaced; its views point into `bytes`. Fields that are unknown, or of another wire type
/// than the schema says, are skipped, as protobuf does. On error the batch is empty. Errors:
/// `invalid_argument` for bytes that are no protobuf or hold more than Batch::kRecordsMax records.
[[nodiscard]] Result<> decode_protobuf(Signal signal, std::string_view bytes, Batch& batch);

}  // namespace homeostat::ingest
