"""What a project may listen to. Sender is the model's class, ``instance`` the committed row.

Signals announce, right after the commit they tell of; none of django_jsms's own work hangs on them.
"""

from django.dispatch import Signal

#: JSMS took the code; ``instance.msg_id`` is set.
code_sent = Signal()
#: The code cannot be checked: ``instance.status`` is ``failed``, ``unknown`` or ``expired``.
code_failed = Signal()
#: The right code was given, for the first and only time.
code_verified = Signal()
#: JSMS took the message; ``instance.msg_id`` is set.
message_sent = Signal()
#: The message was not sent and will not be: ``instance.status`` is ``failed`` or ``expired``.
message_failed = Signal()
#: Nobody knows whether the message was sent; a report or a person settles it.
message_unknown = Signal()
#: A report says that the message or code arrived. The sender is the row's class.
message_delivered = Signal()
#: A report says that it did not: ``instance.report_status`` is JSMS's number.
message_undelivered = Signal()
#: A recipient wrote back; ``instance`` is the Reply.
reply_received = Signal()
#: A number wants no more marketing; ``instance`` is the OptOut.
opted_out = Signal()
#: JSMS has sent a schedule; its messages are ``sent``, or ``unknown`` where JSMS did not list them.
schedule_fired = Signal()
#: JSMS did not take the schedule, and nobody tries again.
schedule_failed = Signal()
#: JSMS may hold the schedule under an id that nobody knows: a person has to look in the console.
schedule_unknown = Signal()
#: An app or one of its templates was paused by a refusal; ``instance`` is the Pause.
app_paused = Signal()
#: The pause is over; ``instance`` is the Pause that was removed.
app_resumed = Signal()
#: A pool fell below its threshold of ``BALANCE_LOW``; sender and ``instance`` are of BalanceSnapshot, and with
#: them come ``pool``, ``left`` (segments) and ``days_left`` (None where nothing is used). Once until it recovers.
balance_low = Signal()
#: The audit of a template ended, or an approval was withdrawn: ``instance.status`` is ``approved`` or ``rejected``.
template_reviewed = Signal()
#: As ``template_reviewed``, of a signature.
signature_reviewed = Signal()
#: An app has sent four fifths of the codes that one of its limits names; with sender Counter come ``app``, ``limit``,
#: ``used`` and ``allowed``, once when the mark is passed. The send goes on.
limit_near = Signal()
#: An app has used four fifths of its month budget; with sender Counter come ``app``, ``used`` and ``allowed``
#: (segments), once a month.
budget_near = Signal()
#: Most messages of a template that were sent today have no report after 30 minutes; sender is Message, and ``rate``
#: (a ``services.Rate``) comes with it. Once a day while it lasts, and only where reports are expected.
reports_late = Signal()
#: By the reports of the last hour clearly less of a template arrived than in the week ``before``: a signature that a
#: carrier dropped shows here first. Sender Message; ``rate`` and ``before`` are of ``services.Rate``. Once a day.
delivery_dropped = Signal()
#: Fewer than a fifth of the last 200 codes of an app were used, 50 at least; sender is VerificationCode, with ``app``,
#: ``rate`` (0 to 1) and ``sent``. Once a day while it lasts.
conversion_low = Signal()
