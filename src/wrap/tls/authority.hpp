// What makes a server's certificate good; for this room.
#pragma once
#include <string>

#include "wrap/tls/handles.hpp"

namespace ms2m::tls {

/// Those in `certificates` (PEM), or, if that is empty, those that this machine trusts. Error{usage}: there is none.
void trust(SSL_CTX* context, const std::string& certificates);
/// That name or address, also told to the server where it is a name.
void expect(SSL* ssl, const std::string& host);

}  // namespace ms2m::tls
