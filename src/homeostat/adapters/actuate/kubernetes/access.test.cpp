// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/access.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "homeostat/base/kit.test.h"

namespace homeostat::kubernetes {
namespace {

namespace fs = std::filesystem;

std::string kubeconfig(const std::string& cluster, const std::string& user) {
    return "current-context: here\n"
           "clusters: [{name: c, cluster: {" +
           cluster +
           "}}]\n"
           "users: [{name: u, user: {" +
           user +
           "}}]\n"
           "contexts:\n"
           "- {name: here, context: {cluster: c, user: u, namespace: shop}}\n"
           "- {name: elsewhere, context: {cluster: gone, user: u}}\n";
}

class Folder : public kit::Folder {
public:
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(kit::Folder::path() / name) << text;
    }
    [[nodiscard]] std::string path() const { return kit::Folder::path().string(); }
};

TEST(Kubeconfig, TakesTheCurrentContextWithInlineCertificates) {
    const auto access =
        parse_kubeconfig(kubeconfig("server: 'https://10.0.0.1:6443/', certificate-authority-data: Q0E=",
                                    "client-certificate-data: Y2VydA==, client-key-data: a2V5"),
                         "", "");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->server, "https://10.0.0.1:6443");
    EXPECT_EQ(access->ca_pem, "CA");
    EXPECT_EQ(access->certificate_pem, "cert");
    EXPECT_EQ(access->key_pem, "key");
    EXPECT_EQ(access->namespace_name, "shop");
}

TEST(Kubeconfig, ReadsFilesBesideItself) {
    const Folder folder;
    folder.write("ca.crt", "CA");
    folder.write("config", kubeconfig("server: 'https://h', certificate-authority: ca.crt", "tokenFile: t"));
    const auto access = read_kubeconfig(folder.path() + "/config");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->ca_pem, "CA");
    EXPECT_EQ(access->token_file, folder.path() + "/t");

    folder.write("config", kubeconfig("server: 'https://h', certificate-authority: gone.crt", ""));
    EXPECT_EQ(read_kubeconfig(folder.path() + "/config").error().code, ErrorCode::not_found);
    EXPECT_EQ(read_kubeconfig(folder.path() + "/none").error().code, ErrorCode::not_found);
}

TEST(Kubeconfig, SaysWhichContextIsMissing) {
    const auto text = kubeconfig("server: 'https://h'", "token: t");
    EXPECT_EQ(parse_kubeconfig(text, "nowhere", "").error().message, "'contexts' has no entry 'nowhere'");
    EXPECT_EQ(parse_kubeconfig(text, "elsewhere", "").error().message, "'clusters' has no entry 'gone'");
    EXPECT_FALSE(parse_kubeconfig("{}", "", ""));
    EXPECT_FALSE(parse_kubeconfig(":\n  - [", "", ""));
}

TEST(Kubeconfig, RefusesWhatItWillNotDoAndSaysWhy) {
    for (const auto* user :
         {"exec: {command: aws}", "auth-provider: {name: gcp}", "username: me, password: p", "as: admin",
          "client-key-data: a2V5", "client-certificate-data: '%%%%', client-key: k"}) {
        const auto access = parse_kubeconfig(kubeconfig("server: 'https://h'", user), "", "");
        ASSERT_FALSE(access) << user;
        EXPECT_EQ(access.error().code, ErrorCode::invalid_argument) << user;
    }
    for (const auto* cluster : {"server: 'http://h'", "server: 'https://h', insecure-skip-tls-verify: true",
                                "server: 'https://h', proxy-url: 'http://p'"}) {
        EXPECT_FALSE(parse_kubeconfig(kubeconfig(cluster, "token: t"), "", "")) << cluster;
    }
    const auto plugin = parse_kubeconfig(kubeconfig("server: 'https://h'", "exec: {command: aws}"), "", "");
    EXPECT_NE(plugin.error().message.find("exec plugins are not run"), std::string::npos);
}

TEST(Account, IsReadAsTheKubeletLaysItOut) {
    const Folder folder;
    folder.write("ca.crt", "CA");
    folder.write("namespace", "homeostat\n");
    const auto access = read_account(folder.path(), "fd00::1", "443");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->server, "https://[fd00::1]:443");
    EXPECT_EQ(access->namespace_name, "homeostat");
    EXPECT_EQ(access->token_file, folder.path() + "/token");
    EXPECT_EQ(read_account(folder.path(), "", "").error().code, ErrorCode::failed_precondition);
}

}  // namespace
}  // namespace homeostat::kubernetes
