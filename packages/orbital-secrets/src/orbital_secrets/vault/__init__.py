"""HashiCorp Vault and OpenBao: secrets engine KV version 2, by their HTTP API."""
