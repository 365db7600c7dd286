namespace AgentPki.Ledger.Witnessing;

/// <summary>What a witness says to a head.</summary>
public abstract record WitnessVerdict
{
    private WitnessVerdict()
    {
    }

    /// <summary>It extends the last one, or is it: to be cosigned.</summary>
    public sealed record Extends : WitnessVerdict;

    /// <summary>The origin is not on the list.</summary>
    public sealed record UnknownLog : WitnessVerdict;

    /// <summary>No trusted key of the origin has signed it, or a line that claims to be such a key's is not.</summary>
    public sealed record NotSigned(string Reason) : WitnessVerdict;

    /// <summary>The proof does not begin at the last head: "409 Conflict".</summary>
    /// <param name="Size">Of the last head; 0: none was ever cosigned.</param>
    /// <param name="Fork">All the same the head shows a fork: it has the last one's size, and another root.</param>
    public sealed record Behind(long Size, bool Fork) : WitnessVerdict;

    /// <summary>The proof does not lead from the last head to this one.</summary>
    /// <param name="Fork">Two signed heads of one size, which no honest log makes. Otherwise it may be the sender who has sent a wrong proof.</param>
    public sealed record Inconsistent(string Reason, bool Fork) : WitnessVerdict;

    /// <summary>It contradicts itself.</summary>
    public sealed record Malformed(string Reason) : WitnessVerdict;
}
