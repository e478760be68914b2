# OpenBao with its transit engine: it keeps the key-encryption key, and never gives it away.

api_addr     = "https://openbao:8200"
cluster_addr = "https://openbao:8201"

storage "raft" {
  path    = "/openbao/file"
  node_id = "openbao"
}

listener "tcp" {
  address                                  = "0.0.0.0:8200"
  cluster_address                          = "127.0.0.1:8201"
  tls_cert_file                            = "/run/secrets/openbao.crt"
  tls_key_file                             = "/run/secrets/openbao.key"
  tls_min_version                          = "tls13"
  disable_unauthed_generate_root_endpoints = true
  disable_unauthed_rekey_endpoints         = true
}

# Unsealed by a file at each start. Production: a seal by an HSM or a cloud's key service (README.md).
seal "static" {
  current_key_id = "1"
  current_key    = "file:///run/secrets/openbao-seal"
}

# Who asked for what, to the container's log; secrets are hashed in it.
audit "file" "log" {
  options {
    file_path = "stdout"
  }
}

# Once, at the first start, with a root token that ends afterwards. What is below is not done again.
initialize "transit" {
  request "engine" {
    operation = "update"
    path      = "sys/mounts/transit"
    data = {
      type = "transit"
    }
  }

  request "key" {
    operation = "update"
    path      = "transit/keys/anamnesis"
    data = {
      type = "aes256-gcm96"
    }
  }

  # No `create`: a lost key must be a fault, not silently another key.
  request "policy" {
    operation = "update"
    path      = "sys/policies/acl/anamnesis"
    data = {
      policy = <<-EOT
        path "transit/encrypt/anamnesis" {
          capabilities = ["update"]
        }
        path "transit/decrypt/anamnesis" {
          capabilities = ["update"]
        }
        path "transit/keys/anamnesis" {
          capabilities = ["read"]
        }
      EOT
    }
  }

  # The services renew it; it ends when none of them did for 32 days.
  request "token" {
    operation = "update"
    path      = "auth/token/create"
    data = {
      id = {
        eval_type   = "string"
        eval_source = "file"
        path        = "/run/secrets/transit-token"
      }
      display_name = "anamnesis"
      policies     = ["anamnesis"]
      no_parent    = true
      period       = "768h"
    }
  }
}

initialize "operator" {
  request "policy" {
    operation = "update"
    path      = "sys/policies/acl/operator"
    data = {
      policy = <<-EOT
        path "*" {
          capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"]
        }
      EOT
    }
  }

  request "method" {
    operation = "update"
    path      = "sys/auth/userpass"
    data = {
      type = "userpass"
    }
  }

  request "account" {
    operation = "update"
    path      = "auth/userpass/users/operator"
    data = {
      password = {
        eval_type   = "string"
        eval_source = "file"
        path        = "/run/secrets/openbao-operator-password"
      }
      token_policies = ["operator"]
      token_ttl      = "1h"
    }
  }
}
