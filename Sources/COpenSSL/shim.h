#ifndef SHOAL_COPENSSL_H
#define SHOAL_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

// What Swift cannot import from OpenSSL: function-like macros, and callbacks that return pointers
// into static memory.

/// A key file with a password is refused instead of asked for on the terminal.
static inline int shoal_tls_refuse_password(char *buffer, int size, int writing, void *data) {
    (void)buffer, (void)size, (void)writing, (void)data;
    return 0;
}

/// RFC 7301: a client that offers protocols, and http/1.1 is none of them, is refused.
static inline int shoal_tls_select_protocol(
    SSL *session, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
    unsigned int offered_length, void *data) {
    static const unsigned char http[] = "\x08http/1.1";
    (void)session, (void)data;
    unsigned char *match = NULL;
    if (SSL_select_next_proto(&match, length, http, sizeof http - 1, offered, offered_length)
        != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = match;
    return SSL_TLSEXT_ERR_OK;
}

/// Sets the rules of a server, as Mozilla's intermediate profile has them (Server Side TLS 5.7): TLS 1.3,
/// or 1.2 with ephemeral keys and authenticated encryption, the client's preference among them, no
/// renegotiation, no compression; http/1.1, sessions in tickets only. Returns 1, or 0 with the reason in
/// the queue.
static inline int shoal_tls_prepare(SSL_CTX *context) {
    static const unsigned char name[] = "shoal";
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, shoal_tls_select_protocol, NULL);
    return SSL_CTX_set_session_id_context(context, name, sizeof name - 1) == 1
        && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1
        && SSL_CTX_set_cipher_list(
               context,
               "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
               "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
               "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") == 1
        && SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

/// Has tickets made with a new key; those made with the old one are worth nothing from now on. Returns 1,
/// or 0 where there is no new key.
static inline int shoal_tls_renew_ticket_key(SSL_CTX *context) {
    unsigned char key[256];
    long size = SSL_CTX_get_tlsext_ticket_keys(context, NULL, 0);
    if (size <= 0 || size > (long)sizeof key || RAND_priv_bytes(key, (int)size) != 1) return 0;
    int done = SSL_CTX_set_tlsext_ticket_keys(context, key, size) == 1;
    OPENSSL_cleanse(key, sizeof key);
    return done;
}

/// Sends a certificate behind the server's own. Returns 1, or 0 with the reason in the queue.
static inline int shoal_tls_add_to_chain(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

/// Seconds since 1970; 0 for what is no time.
static inline long long shoal_tls_seconds(const ASN1_TIME *time) {
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (long long)timegm(&parts) : 0;
}

/// Whether the newest error in this thread's queue says that a PEM file has no further block.
static inline int shoal_tls_is_end_of_pem(void) {
    unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/// The reason of the oldest error in this thread's queue, which is emptied.
static inline const char *shoal_tls_reason(void) {
    unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code)) return strerror(ERR_GET_REASON(code));
    const char *reason = ERR_reason_error_string(code);
    return reason != NULL ? reason : "no reason given";
}

#endif
