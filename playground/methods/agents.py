"""What apps have that are declared agents: sessions with a stop button, and suggested prompts.

To declare an app an agent adds the scope `assistant:write`; an app without it is none.
"""

from playground.errors import SlackError
from playground.methods.call import Answer, Call, method

_STATUSES = ("active", "processing", "suspended", "closed")
_MOST_PROMPTS = 4


@method("agents.sessions.setStatus", "assistant:write")
def set_session_status(call: Call) -> Answer:
    channel, status = call.channel("channel_id"), call.text("status")
    if status not in _STATUSES:
        raise SlackError("invalid_arguments", f"must be one of {', '.join(_STATUSES)} [json-pointer:/status]")
    thread_ts = call.thread(channel)
    if not thread_ts:
        raise SlackError("invalid_arguments", "missing required field: thread_ts")
    call.workspace.set_session(channel, thread_ts, status)
    if status == "processing" and "agent_session_stopped" not in call.workspace.settings.events:
        return {"status": status, "warning": "missing_agent_session_stopped_event_subscription"}
    return {"status": status}


@method("assistant.threads.setSuggestedPrompts", "assistant:write", tier=4)
def set_suggested_prompts(call: Call) -> Answer:
    channel, prompts = call.channel("channel_id"), call.structure("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= _MOST_PROMPTS:
        raise SlackError("invalid_arguments", f"1 to {_MOST_PROMPTS} prompts [json-pointer:/prompts]")
    if not all(isinstance(one, dict) and one.get("title") and one.get("message") for one in prompts):
        raise SlackError("invalid_arguments", "a prompt has a title and a message [json-pointer:/prompts]")
    if not call.args.get("thread_ts"):  # with it, Slack does nothing for an agent, and says nothing of it
        call.workspace.set_prompts(channel, prompts)
    return {}
