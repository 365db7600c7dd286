using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Authority.Governance;

/// <summary>Pending → Approved, Rejected, Cancelled or Expired; Approved → Running or Refused; Running → Done, Failed or Interrupted.</summary>
public enum AdminRequestState : byte
{
    Pending = 0,

    /// <summary>A second person said yes; it has not begun yet.</summary>
    Approved = 1,
    Rejected = 2,
    Cancelled = 3,
    Expired = 4,

    /// <summary>It was begun: whatever happens, it is not begun again.</summary>
    Running = 5,
    Done = 6,

    /// <summary>It was begun and refused; why stands in the outcome.</summary>
    Failed = 7,

    /// <summary>It was begun, and the appliance ended while it ran.</summary>
    Interrupted = 8,

    /// <summary>It was approved, and not begun: whoever asked or approved may not any more.</summary>
    Refused = 9,
}

/// <summary>Who asked or decided, and by what he was known.</summary>
/// <param name="Credential">Null: a peer of the socket of a development home.</param>
public sealed record AdminPerson(string Name, AdminCredential? Credential)
{
    public static AdminPerson Of(AdminCaller caller) => new(caller.Name, caller.Credential);

    /// <summary>Whether both are one person: by name, or by key.</summary>
    public bool IsSameAs(AdminPerson other) => Name == other.Name || (Credential is { } mine && other.Credential is { } theirs && mine.Key == theirs.Key);
}

/// <summary>What somebody asked for that wants a second person: kept as it was asked for, and run so.</summary>
/// <param name="Id">32 hexadecimal digits; also the correlation id of what it does.</param>
/// <param name="Operation">The operation of the admin API.</param>
/// <param name="Method">HTTP's.</param>
/// <param name="Target">Path and query below <c>/admin/v1</c>.</param>
/// <param name="Body">The octets of the body.</param>
/// <param name="Comment">What the requester said for it.</param>
public sealed record AdminRequestRecord(
    string Id,
    string Operation,
    string Method,
    string Target,
    byte[] Body,
    AdminPerson Requester,
    string? Comment,
    AdminRequestState State,
    DateTimeOffset Created,
    DateTimeOffset NotAfter)
{
    public AdminPerson? DecidedBy { get; init; }

    public DateTimeOffset? Decided { get; init; }

    /// <summary>What was said to the decision.</summary>
    public string? DecisionComment { get; init; }

    public DateTimeOffset? Finished { get; init; }

    /// <summary>What became of it: the operation's answer as JSON, or why not.</summary>
    public string? Outcome { get; init; }

    /// <summary>What the second person says yes to: <see cref="DigestOf"/>, lower-case hexadecimal.</summary>
    public string Digest => DigestOf(Method, Target, Body);

    /// <summary>SHA-256 over <c>METHOD SP path-and-query LF</c> and the octets of the body.</summary>
    public static string DigestOf(string method, string target, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{method} {target}\n"));
        hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
