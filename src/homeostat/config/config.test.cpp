// SPDX-License-Identifier: Apache-2.0
#include "homeostat/config/config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace homeostat::config {
namespace {

using Strings = std::vector<std::string>;

/// A document from JSON-like pieces: {"a": {"b": "x"}} is at("a", at("b", text("x"))).
Node text(std::string value) {
    return {.kind = NodeKind::scalar, .text = std::move(value)};
}
Node map(std::vector<std::pair<std::string, Node>> entries) {
    Node node{.kind = NodeKind::mapping};
    for (auto& [key, value] : entries) node.entries.push_back({text(key), std::move(value)});
    return node;
}
Node list(std::vector<Node> items) {
    return {.kind = NodeKind::sequence, .items = std::move(items)};
}

Strings problems_of(const Node& root) {
    Config config;
    Problems problems;
    (void)read({.file = "config.yaml", .root = root}, config, problems);
    Strings out;
    for (const auto& problem : problems) out.push_back(problem.field + ": " + problem.message);
    return out;
}

TEST(Config, AnEmptyFileIsLegal) {
    EXPECT_EQ(problems_of({}), Strings{});
}

TEST(Config, DefaultsListenOnLoopbackOnly) {
    const Config config;
    for (const auto* endpoint : {&config.ingest.otlp_grpc, &config.ingest.otlp_http, &config.api}) {
        EXPECT_TRUE(endpoint->listen.is_loopback());
    }
    EXPECT_EQ(to_string(config.api.listen), "127.0.0.1:8420");
}

TEST(Config, WhatOthersCanReachNeedsTlsAndAToken) {
    const auto open = [](std::vector<std::pair<std::string, Node>> more) {
        more.emplace_back("listen", text("0.0.0.0:8420"));
        return problems_of(map({{"api", map(std::move(more))}}));
    };
    const auto tls = map({{"certificate", text("c.pem")}, {"key", text("k.pem")}});
    EXPECT_EQ(open({}),
              Strings{"api.listen: other machines can reach 0.0.0.0:8420 and there is no tls and no "
                      "token_file"});
    EXPECT_EQ(open({{"tls", tls}}).size(), 1U);
    EXPECT_EQ(open({{"token_file", text("t")}}).size(), 1U);
    EXPECT_EQ(open({{"tls", tls}, {"token_file", text("t")}}), Strings{});
    EXPECT_EQ(open({{"enabled", text("false")}}), Strings{});
}

TEST(Config, FindsWhatSectionsSayTogether) {
    EXPECT_EQ(
        problems_of(
            map({{"bus", map({{"segment", text("64MiB")}, {"topic_max", text("32MiB")}})},
                 {"ingest", map({{"otlp_http", map({{"listen", text("127.0.0.1:4317")}})}})},
                 {"graph", map({{"services", list({map({{"name", text("a")}}), map({{"name", text("a")}})})},
                                {"edges", list({map({{"caller", text("a")}, {"callee", text("a")}})})}})}})),
        (Strings{"ingest.otlp_http.listen: otlp_grpc listens on 127.0.0.1:4317 as well",
                 "bus.topic_max: is smaller than one segment", "graph.services[1].name: 'a' is there twice",
                 "graph.edges[0]: 'a' would call itself"}));
}

/// The node of a shown value, as a file would hold it.
Node node_of(const json::Value& value) {
    if (const auto* object = value.as_object()) {
        std::vector<std::pair<std::string, Node>> entries;
        for (const auto& [key, member] : *object) entries.emplace_back(key, node_of(member));
        return map(std::move(entries));
    }
    if (const auto* array = value.as_array()) {
        std::vector<Node> items;
        for (const auto& item : *array) items.push_back(node_of(item));
        return list(std::move(items));
    }
    return text(text_form::text_of(value));
}

TEST(Config, ReadsBackTheEffectiveConfigurationThatItShows) {
    Config config;
    config.graph.services.push_back({.service = model::ServiceId{"payment"}, .owner = "team"});
    config.actuators.process = ProcessActuatorConfig{.socket = "control.sock"};
    const auto shown = show(config);
    Config again;
    Problems problems;
    ASSERT_TRUE(read({.file = "f", .root = node_of(shown)}, again, problems)) << to_string(problems.at(0));
    EXPECT_EQ(json::to_text(show(again)), json::to_text(shown));
}

TEST(Config, SchemaKnowsEverySettingAndTheDefaultsOfEachPlace) {
    const auto schema = json_schema();
    const auto shown = show(Config{});
    const auto* properties = schema.find("properties");
    for (const auto& [name, value] : *shown.as_object()) EXPECT_NE(properties->find(name), nullptr) << name;
    const auto* grpc = properties->find("ingest")->find("properties")->find("otlp_grpc")->find("properties");
    EXPECT_EQ(*grpc->find("listen")->find("default"), json::Value("127.0.0.1:4317"));
}

TEST(ListenAddress, ReadsHostsAndPorts) {
    using Form = TextForm<ListenAddress>;
    EXPECT_EQ(Form::parse("[::1]:80"), (ListenAddress{.host = "::1", .port = 80}));
    EXPECT_TRUE(Form::parse("[::1]:80")->is_loopback());
    EXPECT_TRUE(Form::parse("localhost:80")->is_loopback());
    EXPECT_TRUE(Form::parse("127.8.0.1:80")->is_loopback());
    EXPECT_FALSE(Form::parse("127.evil.example.com:80")->is_loopback());
    EXPECT_FALSE(Form::parse("[::]:80")->is_loopback());
    for (const auto* bad :
         {"", "80", ":80", "host", "host:", "host:70000", "host:-1", "::1:80", "[]:80", "a b:1"}) {
        EXPECT_FALSE(Form::parse(bad)) << bad;
    }
}

}  // namespace
}  // namespace homeostat::config
