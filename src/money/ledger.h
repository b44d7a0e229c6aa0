/* What a run may still spend: one ledger for all processes of a run folder, in the file "ledger" (docs/formats.md).
 *
 * Before a call goes out its worst case is reserved; once it is known what it cost, that is put in its place. So spent,
 * reserved and uncertain amounts together never pass the limit, whatever is killed when: a reservation whose process is
 * gone counts as spent, for nobody knows what it cost.
 *
 * Each change is made under a lock of the file and lands by one write of one page, so a process that is killed leaves
 * the ledger as it was before or after it. No memory is shared: a disk that is full is an error, never a signal. What
 * it does not survive is a crash of the whole machine, which may take the last seconds before it along. */
#ifndef AFMON_MONEY_LEDGER_H
#define AFMON_MONEY_LEDGER_H

#include <afmon/afmon.h>

#define AFMON_LEDGER_NAME "ledger"
#define AFMON_LEDGER_USD_MAX 1e6 /* a limit, at most */

struct afmon_ledger; /* opaque; any thread, but not in a child of fork: it opens the folder's ledger anew */

/* Opens the ledger of a run folder. limit_usd: the limit from now on, for all processes; a ledger is made where there
 * is none. NaN: that which the ledger has, and where there is no ledger *ledger is NULL. A limit that was reached holds
 * until a higher one is given, or until no process uses the ledger any more. AFMON_E_ARGUMENT (a limit that is none),
 * AFMON_E_FORMAT (the file is no ledger, is damaged, or of another version), AFMON_E_SYSTEM. */
afmon_status afmon_ledger_open(const char *folder, double limit_usd, struct afmon_ledger **ledger, afmon_error *error);

/* What is still reserved here is uncertain from then on. NULL is fine. */
void afmon_ledger_close(struct afmon_ledger *ledger);

/* In a child of fork: lets go of the parent's ledger, whose state is not known here. */
void afmon_ledger_abandon(struct afmon_ledger *ledger);

/* Reserves the worst case of a call, in US dollars. AFMON_OK: it may go out, and the reservation is to be ended by one
 * of the next three. AFMON_E_BUSY: there is room for it only once calls in flight have ended; ask again. AFMON_E_LIMIT:
 * there is none; the run has reached its limit, and from now on nothing is reserved. AFMON_E_ARGUMENT: the worst case
 * is not known (NaN). AFMON_E_SYSTEM, _FORMAT, _TIMEOUT: the ledger cannot be asked, so the call must not go out. */
afmon_status afmon_ledger_reserve(struct afmon_ledger *ledger, double worst_usd, afmon_reservation *reservation,
                                  afmon_error *error);

/* The call cost that much; more than its worst case is counted, too, and told apart. Each ends the reservation, which
 * is empty afterwards; an empty one is fine. Where the ledger cannot be written the worst case stays, and that is told.
 */
afmon_status afmon_ledger_settle(struct afmon_ledger *ledger, afmon_reservation *reservation, double usd,
                                 afmon_error *error);
/* It cost nothing: it never went out, or was refused. */
afmon_status afmon_ledger_release(struct afmon_ledger *ledger, afmon_reservation *reservation, afmon_error *error);
/* Nobody can say what it cost: the worst case stays. */
afmon_status afmon_ledger_lose(struct afmon_ledger *ledger, afmon_reservation *reservation, afmon_error *error);

/* A call that was made without a reservation cost that much. */
afmon_status afmon_ledger_spend(struct afmon_ledger *ledger, double usd, afmon_error *error);

/* Whether calls that may cost that much in all may begin, without a reservation. AFMON_OK, _E_LIMIT, or why the ledger
 * cannot be asked. */
afmon_status afmon_ledger_may_spend(struct afmon_ledger *ledger, double usd, afmon_error *error);

/* What stands in it. */
afmon_status afmon_ledger_totals(struct afmon_ledger *ledger, afmon_budget *budget, afmon_error *error);

/* The same of a folder that is only read. *found: there is a ledger. */
afmon_status afmon_ledger_look(const char *folder, afmon_budget *budget, bool *found, afmon_error *error);

#endif
