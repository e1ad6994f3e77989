// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/identity.h"

#include <gtest/gtest.h>

#include <map>

#include "homeostat/shop/cluster_services.h"

namespace homeostat::shop {
namespace {

using Attributes = std::vector<std::pair<std::string, std::string>>;

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
}

TEST(Identity, IsWhatTheSupervisorSays) {
    const auto identity = identity_from(environment_of(
        {{"SUPERVISOR_SERVICE", "cart"}, {"SUPERVISOR_INSTANCE", "cart-2"}, {"SUPERVISOR_VERSION", "v3"}}));
    ASSERT_TRUE(identity.has_value());
    EXPECT_EQ(identity->service, "cart");
    EXPECT_EQ(identity->instance, "cart-2");
    EXPECT_EQ(identity->version, "v3");
    EXPECT_TRUE(identity->attributes.empty());
}

TEST(Identity, OfAPodIsWhatOpenTelemetrysVariablesSay) {
    const auto identity = identity_from(environment_of({{"OTEL_SERVICE_NAME", "cart"},
                                                        {"OTEL_RESOURCE_ATTRIBUTES",
                                                         "service.name=x,service.instance.id=cart-7d4-abc, "
                                                         "k8s.namespace.name=shop,k8s.node.name=a%2Cb"},
                                                        {"SHOP_VERSION", "v2"}}));
    ASSERT_TRUE(identity.has_value());
    EXPECT_EQ(identity->service, "cart");
    EXPECT_EQ(identity->instance, "cart-7d4-abc");
    EXPECT_EQ(identity->version, "v2");
    EXPECT_EQ(identity->attributes, (Attributes{{"k8s.namespace.name", "shop"}, {"k8s.node.name", "a,b"}}));
}

TEST(Identity, IsRefusedWhenItCannotBeRead) {
    for (const auto* text : {"cart", "=cart", "a=b,c", "a=%", "a=%4", "a=%zz"}) {
        EXPECT_FALSE(identity_from(environment_of({{"OTEL_RESOURCE_ATTRIBUTES", text}})).has_value()) << text;
    }
}

TEST(ParseAttributes, ReadsAnAuthorization) {
    EXPECT_EQ(parse_attributes("authorization=Bearer%20abc").value(),
              (Attributes{{"authorization", "Bearer abc"}}));
    EXPECT_TRUE(parse_attributes("").value().empty());
}

TEST(ClusterServices, KnowTheServicesThatTheKubeletTells) {
    ASSERT_EQ(::setenv("RATE_LIMITER_SERVICE_HOST", "10.96.0.7", 1), 0);
    ASSERT_EQ(::setenv("RATE_LIMITER_SERVICE_PORT", "8080", 1), 0);
    ClusterServices services;
    EXPECT_EQ(services.next(model::ServiceId{"rate-limiter"}, "").value(), "10.96.0.7:8080");
    EXPECT_FALSE(services.next(model::ServiceId{"nobody"}, "").has_value());
}

}  // namespace
}  // namespace homeostat::shop
