// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_protobuf.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static homeostat::ingest::Batch batch;
    if (size == 0) return 0;
    const auto signal = static_cast<homeostat::ingest::Signal>(data[0] % 3);
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    (void)homeostat::ingest::decode_protobuf(signal, bytes, batch);
    return 0;
}
