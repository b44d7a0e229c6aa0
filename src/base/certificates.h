/* Where Linux systems keep the certificates that they trust. */
#ifndef AFMON_BASE_CERTIFICATES_H
#define AFMON_BASE_CERTIFICATES_H

/* The file of this system's certificates, for a libcurl that was built to know none; NULL: it is in none of the usual
 * places. Static storage. */
const char *afmon_certificates_find(void);

#endif
