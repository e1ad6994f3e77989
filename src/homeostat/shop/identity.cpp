// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/identity.h"

#include <charconv>
#include <optional>

namespace homeostat::shop {
namespace {

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        std::uint8_t byte = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || error != std::errc{} || end != digits.data() + digits.size())
            return std::nullopt;
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::string first_of(const std::string& first, const std::string& second, const std::string& last) {
    return !first.empty() ? first : !second.empty() ? second : last;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_attributes(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> attributes;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto pair = trimmed(text.substr(0, comma));
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto value = percent_decoded(trimmed(pair.substr(std::min(pair.size(), equals + 1))));
        if (equals == 0 || equals == std::string_view::npos || !value) {
            return fail(ErrorCode::invalid_argument,
                        "'" + std::string(pair) + "' is no key=value with a %-encoded value");
        }
        attributes.emplace_back(trimmed(pair.substr(0, equals)), *value);
    }
    return attributes;
}

Result<Identity> identity_from(const Environment& environment) {
    Identity identity{.service = environment("SUPERVISOR_SERVICE"),
                      .instance = environment("SUPERVISOR_INSTANCE"),
                      .version = environment("SUPERVISOR_VERSION")};
    auto attributes = parse_attributes(environment("OTEL_RESOURCE_ATTRIBUTES"));
    if (!attributes)
        return fail(attributes.error().code, "OTEL_RESOURCE_ATTRIBUTES: " + attributes.error().message);
    for (auto& [key, value] : *attributes) {
        if (key == "service.name")
            identity.service = value;
        else if (key == "service.instance.id")
            identity.instance = value;
        else if (key == "service.version")
            identity.version = value;
        else
            identity.attributes.emplace_back(std::move(key), std::move(value));
    }
    identity.service = first_of(environment("OTEL_SERVICE_NAME"), identity.service, "service");
    identity.instance = first_of(identity.instance, "", identity.service + "-1");
    identity.version = first_of(identity.version, environment("SHOP_VERSION"), "v1");
    return identity;
}

}  // namespace homeostat::shop
