// What ms2m's runtime handler is told on its node: which runtime is the real one. Never by who calls it.
#pragma once
#include <string>

namespace ms2m::node {

enum class OciKind { crun, runc };

struct HandlerConfiguration {
  std::string runtime;  ///< absolute path of the real one
  OciKind kind = OciKind::crun;
  std::string root;  ///< of the real one's state, in place of the caller's --root; "": as the caller says
};

/// {"version":1,"runtime":"/usr/bin/crun","kind":"crun","root":""}: a regular file that nobody but this process' user
/// can change. Error{refused}, with the cure: there is none, it is another version's, others could have written it, or
/// it names this program itself.
HandlerConfiguration read_configuration(const std::string& file);

}  // namespace ms2m::node
