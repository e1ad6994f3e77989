// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "homeostat/base/check.h"

namespace homeostat::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's spelling of "32 KiB window, gzip header"
constexpr std::size_t kFirstBlock = std::size_t{64} << 10U;

// zlib asks for a pointer to non-const bytes, which it does not change.
Bytef* bytes(std::string_view text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

struct Inflater {
    z_stream stream{};
    Inflater() { HOMEOSTAT_CHECK(inflateInit2(&stream, kGzipWindow) == Z_OK); }
    ~Inflater() { inflateEnd(&stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

Result<std::string> gunzip(std::string_view packed, std::size_t bytes_max) {
    if (packed.size() > std::numeric_limits<uInt>::max()) {
        return fail(ErrorCode::resource_exhausted, "a gzip body of 4 GiB or more is not unpacked");
    }
    Inflater inflater;
    auto& stream = inflater.stream;
    stream.next_in = bytes(packed);
    stream.avail_in = static_cast<uInt>(packed.size());

    std::string out;
    std::size_t used = 0;
    for (;;) {
        if (used == out.size()) {
            if (used > bytes_max) break;
            // One byte beyond the bound is room enough to see that it is exceeded.
            out.resize(std::min(std::max(kFirstBlock, used * 2), bytes_max + 1));
        }
        stream.next_out = bytes(out) + used;
        stream.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size() - used, 1U << 30U));
        const auto room = stream.avail_out;
        const int status = inflate(&stream, Z_NO_FLUSH);
        used += room - stream.avail_out;
        if (status == Z_STREAM_END) break;
        if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) {
            return fail(ErrorCode::invalid_argument, "the body is no whole gzip stream");
        }
    }
    if (used > bytes_max) {
        return fail(ErrorCode::resource_exhausted,
                    "the body unpacks to more than " + std::to_string(bytes_max) + " bytes");
    }
    out.resize(used);
    return out;
}

std::string gzip(std::string_view plain) {
    HOMEOSTAT_CHECK(plain.size() <= std::numeric_limits<uInt>::max());
    z_stream stream{};
    HOMEOSTAT_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) ==
                    Z_OK);
    std::string out(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
    stream.next_in = bytes(plain);
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = bytes(out);
    stream.avail_out = static_cast<uInt>(out.size());
    HOMEOSTAT_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace homeostat::http
