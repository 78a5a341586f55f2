"""Why a run is none, in one line."""


def reason(report, err):
    """What ms2m says: in its report, or else on stderr; None: nothing."""
    error = report.get("error")
    if isinstance(error, dict) and error.get("message"):
        return error["message"].splitlines()[0]
    return next((line.strip() for line in err.splitlines() if line.strip()), None)
