// SPDX-License-Identifier: Apache-2.0
#include "homeostat/model/feature_window.h"

namespace homeostat {

using codec_detail::read_member;

json::Value JsonCodec<model::FeatureWindow>::write(const model::FeatureWindow& window) {
    json::Value json = to_json(window.subject);
    auto& object = *json.as_object();
    object.emplace_back("timestamp", to_json(window.end));
    object.emplace_back("length_ns", to_json(window.length));
    object.emplace_back("freshness", to_json(window.freshness));
    if (window.version) object.emplace_back("deployment_version", to_json(*window.version));
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<model::Feature>(i);
        if (const auto value = window.values.get(feature))
            object.emplace_back(std::string(to_string(feature)), *value);
    }
    return json;
}

Result<> JsonCodec<model::FeatureWindow>::read(const json::Value& json, model::FeatureWindow& out) {
    out = {};
    if (auto read = read_json(json, out.subject); !read) return read;
    if (auto read = read_member(json, "timestamp", out.end); !read) return read;
    if (auto read = read_member(json, "length_ns", out.length); !read) return read;
    if (auto read = read_member(json, "freshness", out.freshness); !read) return read;
    if (auto read = read_member(json, "deployment_version", out.version); !read) return read;
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<model::Feature>(i);
        std::optional<double> value;
        if (auto read = read_member(json, to_string(feature), value); !read) return read;
        if (value) out.values.set(feature, *value);
    }
    return {};
}

}  // namespace homeostat
