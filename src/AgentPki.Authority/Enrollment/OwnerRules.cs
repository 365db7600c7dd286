namespace AgentPki.Authority.Enrollment;

/// <summary>What names an owner: whoever answers for agents. Ledger, records and lists carry it as it is.</summary>
internal static class OwnerRules
{
    private const int LongestOwner = 128;

    /// <summary>Null, or what is wrong.</summary>
    public static string? Check(string owner) => owner.Length is 0 or > LongestOwner || owner.Any(char.IsControl) ? "the owner is 1 to 128 printable characters" : null;
}
