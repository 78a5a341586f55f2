// What a request is authenticated with right now: a fixed, re-read, OpenID Connect or plugin-made token, or a
// plugin-made certificate.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>

#include "kube/exec_plugin.hpp"
#include "kube/kubeconfig.hpp"

namespace ms2m {

/// Thread-safe. A plugin runs at most once at a time; its answer is kept until shortly before it expires.
class Credentials {
 public:
  struct Current {
    std::string token;  ///< empty: none
    Pem certificate;    ///< the access' own, or the plugin's if it gave one
    Pem key;
    std::uint64_t generation = 0;
  };

  Credentials(KubeAccess access, RunProcess run);

  /// May run the plugin: blocks and throws as run_exec_plugin(); or throws as valid_id_token().
  Current get(const StopToken& stop);
  /// What there is without waiting: nothing is run or renewed for it, and what has expired may be among it. Never
  /// throws.
  Current at_hand();
  /// The server did not accept what `used` names (401). true: asking get() again may give something else.
  bool refused(std::uint64_t used);

 private:
  /// What the access itself has, its token file as it is now.
  Current given() const;

  const KubeAccess access_;
  const RunProcess run_;
  std::mutex mutex_;
  std::optional<IdToken> id_token_;
  std::optional<ExecCredential> made_;
  std::uint64_t generation_ = 0;
};

}  // namespace ms2m
