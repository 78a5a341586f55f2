// From a request to its answer: faults, authentication, authorization, and the handler of the path.
#pragma once

#include "authn.hpp"
#include "faults.hpp"
#include "kubelet_proxy.hpp"
#include "rbac.hpp"
#include "reader.hpp"
#include "writer.hpp"

namespace ms2m::lab {

class ApiServer {
 public:
  ApiServer(Store& store, Authenticator& authenticator, KubeletProxy proxy, bool with_faults);

  // Never throws. Blocks for as long as a kubelet takes to answer; streams are run by the caller.
  Answer handle(Call& call);

 private:
  Answer dispatch(const Call& call);
  Answer resource(const Call& call);
  Answer subresource(const Call& call, const ResourceType& type);
  Answer non_resource(const Call& call);
  Answer fault_endpoint(const Call& call);
  Answer issue_token(const Call& call);

  Store& store_;
  Authenticator& authenticator_;
  KubeletProxy proxy_;
  Rbac rbac_;
  Faults faults_;
  Reader reader_;
  Writer writer_;
  bool with_faults_;
};

}  // namespace ms2m::lab
