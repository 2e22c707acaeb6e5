// OpenSSL as Swift needs it: the headers, and macros as static inline functions.

#ifndef LINGXI_COPENSSL_H
#define LINGXI_COPENSSL_H

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// HMAC-SHA256 of `length` bytes into 32 bytes at `digest`; 1 when it worked.
static inline int openssl_hmac_sha256(const void *key, int key_length, const void *bytes,
                                      size_t length, unsigned char *digest) {
    unsigned int size = 32;
    return HMAC(EVP_sha256(), key, key_length, (const unsigned char *)bytes, length, digest,
                &size) != 0;
}

/// SHA-1 of `length` bytes into 20 bytes at `digest`; 1 when it worked.
static inline int openssl_sha1(const void *bytes, size_t length, unsigned char *digest) {
    return EVP_Digest(bytes, length, digest, 0, EVP_sha1(), 0);
}

#endif
