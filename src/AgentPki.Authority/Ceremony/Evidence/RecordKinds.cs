namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>The words by which records say what happened. Stable: what verifies transcripts knows them.</summary>
public static class RecordKinds
{
    /// <summary>The first: which plan, which software, which machine, which key signs the records.</summary>
    public const string Opened = "opened";

    /// <summary>An officer approved the plan; a statement lies beside.</summary>
    public const string PlanApproved = "plan-approved";

    public const string StepBegun = "step-begun";

    /// <summary>An officer approved a step that had begun; a statement lies beside.</summary>
    public const string StepApproved = "step-approved";

    public const string StepDone = "step-done";

    /// <summary>A step could not be finished: why. It can be taken up again.</summary>
    public const string StepStopped = "step-stopped";

    /// <summary>The ceremony was taken up again after it had stopped.</summary>
    public const string Resumed = "resumed";

    /// <summary>A token as it describes itself.</summary>
    public const string Token = "token";

    /// <summary>A token was initialised.</summary>
    public const string TokenInitialised = "token-initialised";

    /// <summary>A secret was shared among the officers; the envelopes lie beside.</summary>
    public const string SecretSealed = "secret-sealed";

    /// <summary>A key as its token describes it.</summary>
    public const string Key = "key";

    /// <summary>A new officer took the office: his file and his statement lie beside.</summary>
    public const string OfficerAccepted = "officer-accepted";

    public const string KeyDestroyed = "key-destroyed";

    /// <summary>A certificate was made or installed; it lies beside.</summary>
    public const string Certificate = "certificate";

    /// <summary>Another object was made or installed: a request, a CRL, an archive; it lies beside.</summary>
    public const string Object = "object";

    /// <summary>A certificate was revoked.</summary>
    public const string Revoked = "revoked";

    /// <summary>A key left its token wrapped for another; the wrapped key is not here.</summary>
    public const string KeyWrapped = "key-wrapped";

    /// <summary>A key proved itself by a signature.</summary>
    public const string KeyProven = "key-proven";

    /// <summary>A succession of CAs was moved on.</summary>
    public const string Succession = "succession";

    /// <summary>Something that happened in the room and changed nothing: the only kind that wants no approved step.</summary>
    public const string Note = "note";

    /// <summary>The last: every step was done, or the officers ended it before.</summary>
    public const string Closed = "closed";
}
