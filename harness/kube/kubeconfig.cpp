#include "harness/kube/kubeconfig.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>

#include "harness/kube/small_file.h"

namespace stateproof::kube {
namespace {

namespace fs = std::filesystem;

/// Leaves this file as an ApiError of kCredentials. Inside, an exception keeps the readers of single fields
/// short.
class Unusable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where a parser stumbled; its own words help nobody.
std::string place_of(const YAML::Exception& problem) {
  return problem.mark.is_null() ? "" : fmt::format(" near line {}", problem.mark.line + 1);
}

template <class Produce>
Result<ClusterConfig> as_result(Produce produce) {
  try {
    return produce();
  } catch (const Unusable& problem) {
    return tl::unexpected(ApiError::of(ApiError::Kind::kCredentials, problem.what()));
  } catch (const YAML::Exception& problem) {  // a key that is a list, for example
    return tl::unexpected(
        ApiError::of(ApiError::Kind::kCredentials,
                     fmt::format("the kubeconfig is malformed{}; compare it with `kubectl config view`",
                                 place_of(problem))));
  }
}

bool exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string environment(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here writes the environment
  return value == nullptr ? "" : value;
}

/// Value of base64 text, which may be broken into lines; nullopt when it is something else.
std::optional<std::string> base64_decoded(const std::string& text) {
  const std::unique_ptr<EVP_ENCODE_CTX, decltype(&EVP_ENCODE_CTX_free)> context{EVP_ENCODE_CTX_new(),
                                                                                &EVP_ENCODE_CTX_free};
  EVP_DecodeInit(context.get());
  std::string out(text.size() + 3, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  int rest = 0;
  if (EVP_DecodeUpdate(context.get(), bytes, &size, reinterpret_cast<const unsigned char*>(text.data()),
                       static_cast<int>(text.size())) < 0 ||
      EVP_DecodeFinal(context.get(), bytes + size, &rest) < 0) {
    return std::nullopt;
  }
  out.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  return out;
}

/// One mapping of a kubeconfig, which knows where it stands, so that each error can say so.
class Section {
 public:
  Section(const YAML::Node& node, std::string file, std::string place)
      : node_(node), file_(std::move(file)), place_(std::move(place)) {
    if (!node_.IsNull() && !node_.IsMap()) {
      throw Unusable(
          fmt::format("{} of {} is not a mapping; compare it with `kubectl config view`", place_, file_));
    }
  }

  [[nodiscard]] bool has(const char* field) const { return !child(field).IsNull(); }

  [[nodiscard]] std::string text(const char* field) const {
    return has(field) ? scalar(child(field), field) : std::string();
  }

  [[nodiscard]] bool flag(const char* field) const {
    const std::string value = text(field);
    if (value == "true") return true;
    if (value.empty() || value == "false") return false;
    throw Unusable(fmt::format("{} is \"{}\", but it can only be true or false", where(field), value));
  }

  [[nodiscard]] std::vector<std::string> texts(const char* field) const {
    std::vector<std::string> all;
    for (const YAML::Node& item : sequence(field)) all.push_back(scalar(item, field));
    return all;
  }

  [[nodiscard]] std::vector<Section> sections(const char* field) const {
    std::vector<Section> all;
    for (const YAML::Node& item : sequence(field)) all.emplace_back(item, file_, place(field));
    return all;
  }

  [[nodiscard]] Section section(const char* field) const { return {child(field), file_, place(field)}; }
  [[nodiscard]] Section named(const std::string& name) const {
    return {node_, file_, fmt::format("{}[{}]", place_, name)};
  }

  [[nodiscard]] std::vector<std::string> fields() const {
    std::vector<std::string> all;
    if (!node_.IsMap()) return all;
    for (const auto& entry : node_) all.push_back(entry.first.as<std::string>());
    return all;
  }

  /// Content of `field`-data, else of the file that `field` names. Empty when neither is there.
  [[nodiscard]] std::string pem(const std::string& field) const {
    const std::string data_field = field + "-data";
    std::string content;
    if (const std::string encoded = text(data_field.c_str()); !encoded.empty()) {
      const auto decoded = base64_decoded(encoded);
      if (!decoded) {
        throw Unusable(fmt::format("{} is not base64; write the kubeconfig again or name a file with {}",
                                   where(data_field), field));
      }
      content = *decoded;
    } else if (const std::string path = file_path(field.c_str()); !path.empty()) {
      const auto read = read_small_file(path);
      if (!read)
        throw Unusable(fmt::format("{} names {}, which {}; restore it or correct the path", where(field),
                                   path, read.error()));
      content = *read;
    } else {
      return {};
    }
    if (content.find("-----BEGIN ") == std::string::npos) {
      throw Unusable(fmt::format("{} does not hold PEM text; write the kubeconfig again",
                                 where(has(data_field.c_str()) ? data_field : field)));
    }
    return content;
  }

  /// A path as the kubeconfig means it: relative to the folder of the file that names it.
  [[nodiscard]] std::string file_path(const char* field) const {
    const fs::path path = text(field);
    return path.empty() || path.is_absolute() ? path.string()
                                              : (fs::path(file_).parent_path() / path).string();
  }

  [[nodiscard]] std::string where(const std::string& field) const {
    return fmt::format("{} of {}", place(field), file_);
  }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  /// Null when missing. Asking a node that is not const would add the key.
  [[nodiscard]] YAML::Node child(const char* field) const {
    if (!node_.IsMap()) return {};
    const YAML::Node value = node_[field];
    return value.IsDefined() ? value : YAML::Node();
  }

  [[nodiscard]] YAML::Node sequence(const char* field) const {
    if (!has(field)) return YAML::Node(YAML::NodeType::Sequence);
    YAML::Node value = child(field);
    if (!value.IsSequence())
      throw Unusable(fmt::format("{} is not a list; compare it with `kubectl config view`", where(field)));
    return value;
  }

  [[nodiscard]] std::string scalar(const YAML::Node& value, const char* field) const {
    if (!value.IsScalar())
      throw Unusable(
          fmt::format("{} is not a single value; compare it with `kubectl config view`", where(field)));
    return value.Scalar();
  }

  [[nodiscard]] std::string place(const std::string& field) const {
    return place_.empty() ? field : fmt::format("{}.{}", place_, field);
  }

  YAML::Node node_;
  std::string file_;
  std::string place_;
};

using Named = std::map<std::string, Section>;

/// All files of the list as one: the first one that names an entry, or sets the current context, wins.
struct Merged {
  Named clusters;
  Named users;
  Named contexts;
  std::string current_context;
  std::vector<std::string> files;

  void add(const std::string& path, const std::string& text) {
    const Section root = parse(path, text);
    files.push_back(path);
    add_entries(root, "clusters", "cluster", clusters);
    add_entries(root, "users", "user", users);
    add_entries(root, "contexts", "context", contexts);
    if (current_context.empty()) current_context = root.text("current-context");
  }

 private:
  static Section parse(const std::string& path, const std::string& text) {
    try {
      return {YAML::Load(text), path, ""};
    } catch (const YAML::Exception& problem) {
      throw Unusable(fmt::format("{} is not valid YAML{}; correct it or name another file with --kubeconfig",
                                 path, place_of(problem)));
    } catch (const Unusable&) {
      throw Unusable(fmt::format("{} is not a kubeconfig; name another file with --kubeconfig", path));
    }
  }

  static void add_entries(const Section& root, const char* list, const char* body, Named& into) {
    for (const Section& entry : root.sections(list)) {
      const std::string name = entry.text("name");
      into.try_emplace(name, entry.named(name).section(body));
    }
  }
};

std::string known(const Named& entries) {
  std::vector<std::string> names;
  for (const auto& [name, section] : entries) names.push_back(name);
  return names.empty() ? "there are none" : fmt::format("known are {}", fmt::join(names, ", "));
}

const Section& chosen_context(const Merged& all, const std::string& wanted) {
  const std::string& name = wanted.empty() ? all.current_context : wanted;
  const std::string files = fmt::format("{}", fmt::join(all.files, ", "));
  if (name.empty()) {
    throw Unusable(fmt::format("{} sets no current-context; choose one with --context ({})", files,
                               known(all.contexts)));
  }
  const auto found = all.contexts.find(name);
  if (found == all.contexts.end()) {
    throw Unusable(fmt::format("{} has no context \"{}\"; choose one with --context ({})", files, name,
                               known(all.contexts)));
  }
  return found->second;
}

const Section& referred(const Section& context, const char* field, const Named& entries) {
  const std::string name = context.text(field);
  const auto found = entries.find(name);
  if (found == entries.end()) {
    throw Unusable(fmt::format("{} is \"{}\", which no file defines; correct it ({})", context.where(field),
                               name, known(entries)));
  }
  return found->second;
}

void read_cluster(const Section& cluster, ClusterConfig& config) {
  config.server = cluster.text("server");
  if (config.server.empty())
    throw Unusable(
        fmt::format("{} is missing; write the URL of the API server there", cluster.where("server")));
  config.tls_server_name = cluster.text("tls-server-name");
  config.proxy_url = cluster.text("proxy-url");
  config.insecure_skip_tls_verify = cluster.flag("insecure-skip-tls-verify");
  config.ca_pem = cluster.pem("certificate-authority");
  if (config.insecure_skip_tls_verify && !config.ca_pem.empty()) {
    throw Unusable(fmt::format("{} contradicts certificate-authority of the same cluster; remove one of them",
                               cluster.where("insecure-skip-tls-verify")));
  }
}

ExecPlugin read_plugin(const Section& exec) {
  ExecPlugin plugin;
  plugin.api_version = exec.text("apiVersion");
  plugin.command = exec.text("command");
  if (plugin.command.empty())
    throw Unusable(fmt::format("{} is missing; name the credential plugin there", exec.where("command")));
  // A bare name is looked up in PATH; only a path is relative to the file.
  if (plugin.command.find('/') != std::string::npos) plugin.command = exec.file_path("command");
  plugin.args = exec.texts("args");
  for (const Section& variable : exec.sections("env"))
    plugin.env.emplace_back(variable.text("name"), variable.text("value"));
  plugin.install_hint = exec.text("installHint");
  plugin.interactive_mode = exec.text("interactiveMode");
  plugin.provide_cluster_info = exec.flag("provideClusterInfo");
  return plugin;
}

void read_impersonation(const Section& user, ClusterConfig& config) {
  config.impersonate_user = user.text("as");
  config.impersonate_uid = user.text("as-uid");
  config.impersonate_groups = user.texts("as-groups");
  const Section extra = user.section("as-user-extra");
  for (const std::string& name : extra.fields())
    config.impersonate_extra.emplace_back(name, extra.texts(name.c_str()));
}

void read_user(const Section& user, ClusterConfig& config) {
  if (user.has("auth-provider")) {
    throw Unusable(
        fmt::format("{} is a kind of login that Kubernetes dropped in 1.26; use an exec plugin instead",
                    user.where("auth-provider")));
  }
  config.client_certificate_pem = user.pem("client-certificate");
  config.client_key_pem = SecretText{user.pem("client-key")};
  if (config.client_certificate_pem.empty() != config.client_key_pem.empty()) {
    throw Unusable(
        fmt::format("{} stands alone; a client certificate and its key belong together",
                    user.where(config.client_key_pem.empty() ? "client-certificate" : "client-key")));
  }
  config.token = SecretText{user.text("token")};
  config.token_file = user.file_path("tokenFile");
  config.username = user.text("username");
  config.password = SecretText{user.text("password")};
  if (user.has("exec")) config.exec = read_plugin(user.section("exec"));
  read_impersonation(user, config);
}

ClusterConfig resolve(const Merged& all, const std::string& wanted_context) {
  const Section& context = chosen_context(all, wanted_context);
  ClusterConfig config;
  config.context = wanted_context.empty() ? all.current_context : wanted_context;
  if (const std::string ns = context.text("namespace"); !ns.empty()) config.default_namespace = ns;
  read_cluster(referred(context, "cluster", all.clusters), config);
  if (context.has("user")) read_user(referred(context, "user", all.users), config);
  return config;
}

std::vector<std::string> listed_paths(const std::string& list) {
  std::vector<std::string> paths;
  std::istringstream stream(list);
  for (std::string path; std::getline(stream, path, ':');) {
    if (!path.empty()) paths.push_back(path);
  }
  return paths;
}

ClusterConfig load_file(const std::string& path, const std::string& context) {
  const auto text = read_small_file(path);
  if (!text)
    throw Unusable(
        fmt::format("the kubeconfig {} {}; check the path given with --kubeconfig", path, text.error()));
  Merged all;
  all.add(path, *text);
  return resolve(all, context);
}

/// Files that are not there are passed over, as kubectl does; none at all is an error.
ClusterConfig load_list(const std::vector<std::string>& paths, const std::string& context) {
  Merged all;
  for (const std::string& path : paths) {
    if (const auto text = read_small_file(path)) {
      all.add(path, *text);
    } else if (exists(path)) {
      throw Unusable(fmt::format("the kubeconfig {} {}; check what KUBECONFIG names", path, text.error()));
    }
  }
  if (all.files.empty()) {
    throw Unusable(fmt::format("no file that KUBECONFIG names exists ({}); correct the variable or unset it",
                               fmt::join(paths, ", ")));
  }
  return resolve(all, context);
}

ClusterConfig service_account(const fs::path& folder, const std::string& host, const std::string& port) {
  const auto part = [&folder](const char* name) {
    const auto text = read_small_file(folder / name);
    if (!text) {
      throw Unusable(
          fmt::format("this pod's service account file {} {}; set automountServiceAccountToken "
                      "or give a kubeconfig with --kubeconfig",
                      (folder / name).string(), text.error()));
    }
    return *text;
  };
  ClusterConfig config;
  config.context = "in-cluster";
  const bool is_ipv6 = host.find(':') != std::string::npos;
  config.server = fmt::format("https://{}{}{}:{}", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
  config.ca_pem = part("ca.crt");
  part("token");  // read anew by whoever sends it; here it must only be there
  config.token_file = (folder / "token").string();
  if (const auto ns = read_small_file(folder / "namespace"); ns && !ns->empty())
    config.default_namespace = *ns;
  return config;
}

Result<ClusterConfig> nothing_found(const std::string& home_config) {
  return tl::unexpected(ApiError::of(
      ApiError::Kind::kCredentials,
      fmt::format(
          "no kubeconfig: --kubeconfig and KUBECONFIG are not set, {} does not exist, and this is not a pod; "
          "name one with --kubeconfig or bring up a cluster with ci/cluster up",
          home_config)));
}

}  // namespace

Result<ClusterConfig> resolve_kubeconfigs(
    const std::vector<std::pair<std::string, std::string>>& path_and_text, const std::string& context) {
  return as_result([&] {
    Merged all;
    for (const auto& [path, text] : path_and_text) all.add(path, text);
    return resolve(all, context);
  });
}

Result<ClusterConfig> load_cluster_config(const KubeconfigSource& source) {
  if (!source.path.empty()) return as_result([&] { return load_file(source.path, source.context); });
  if (const auto paths = listed_paths(environment("KUBECONFIG")); !paths.empty()) {
    return as_result([&] { return load_list(paths, source.context); });
  }
  const std::string home_config = environment("HOME") + "/.kube/config";
  if (exists(home_config)) return as_result([&] { return load_file(home_config, source.context); });
  if (auto config = in_cluster_config()) return *std::move(config);
  return nothing_found(home_config);
}

std::optional<Result<ClusterConfig>> in_cluster_config(const std::string& folder) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) return std::nullopt;
  return as_result([&] { return service_account(folder, host, port); });
}

}  // namespace stateproof::kube
