#ifndef SHOAL_COPENSSL_H
#define SHOAL_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string.h>

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

/// Sets the rules of a server: TLS 1.2 or 1.3, no renegotiation, http/1.1, sessions in tickets only.
/// Returns 1, or 0 with the reason in the queue.
static inline int shoal_tls_prepare(SSL_CTX *context) {
    static const unsigned char name[] = "shoal";
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, shoal_tls_select_protocol, NULL);
    return SSL_CTX_set_session_id_context(context, name, sizeof name - 1) == 1
        && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
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
