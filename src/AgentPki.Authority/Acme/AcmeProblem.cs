using System.Buffers;
using System.Text;
using System.Text.Json;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Problems;

namespace AgentPki.Authority.Acme;

/// <summary>A refusal in ACME's words (RFC 8555 §6.7, RFC 9457).</summary>
/// <param name="Detail">One sentence for a person: what was wrong and what would be right.</param>
/// <param name="RetryAfter">When to try again, where that helps.</param>
public sealed record AcmeProblem(AcmeErrorType Type, string Detail, TimeSpan? RetryAfter = null)
{
    /// <summary>RFC 8555 §6.7.1: what is wrong with which name.</summary>
    public IReadOnlyList<AcmeSubproblem> Subproblems { get; init; } = [];

    /// <summary>The HTTP status where it is not the type's usual one: 404 for what is not there, 415, 503.</summary>
    public int? Status { get; init; }

    /// <summary>For badSignatureAlgorithm: what would be taken (RFC 8555 §6.2).</summary>
    public IReadOnlyList<string> Algorithms { get; init; } = [];

    /// <summary>Whether the registration authority has recorded the refusal already.</summary>
    public bool IsRecorded { get; init; }

    /// <summary>What is asked for does not exist, or is not this account's, which is the same to it.</summary>
    public static AcmeProblem NotFound(string what) => new(AcmeErrorType.Malformed, $"There is no such {what}.") { Status = 404 };

    public static AcmeProblem Unavailable(string detail, TimeSpan retryAfter) => new(AcmeErrorType.ServerInternal, detail, retryAfter) { Status = 503 };

    /// <summary>What a refusal of the registration authority is to a client that finalizes an order. A new kind without an arm fails the build.</summary>
    public static AcmeProblem OfFinalization(PkiProblem problem) => TypeOf(problem) with { IsRecorded = true };

    private static AcmeProblem TypeOf(PkiProblem problem) => problem.Kind switch
    {
        PkiProblemKind.MalformedRequest or PkiProblemKind.BadProofOfPossession or PkiProblemKind.UnsupportedAlgorithm or PkiProblemKind.BadPublicKey
            or PkiProblemKind.PolicyViolation or PkiProblemKind.IdentityMismatch or PkiProblemKind.TooLarge or PkiProblemKind.UnsupportedMediaType => new(AcmeErrorType.BadCsr, Sentence(problem)),
        PkiProblemKind.UnknownProfile => new(AcmeErrorType.InvalidProfile, Sentence(problem)),
        PkiProblemKind.Unauthenticated or PkiProblemKind.Unauthorized or PkiProblemKind.ApprovalDenied or PkiProblemKind.NotFound => new(AcmeErrorType.Unauthorized, Sentence(problem)),
        PkiProblemKind.RateLimited => new(AcmeErrorType.RateLimited, Sentence(problem), problem.RetryAfter),
        PkiProblemKind.Conflict => new(AcmeErrorType.OrderNotReady, Sentence(problem), problem.RetryAfter),
        PkiProblemKind.Unavailable => Unavailable(Sentence(problem), problem.RetryAfter ?? TimeSpan.FromSeconds(5)),
        PkiProblemKind.IssuanceRejected => new(AcmeErrorType.ServerInternal, Sentence(problem)),
    };

    /// <summary>What the audit calls it.</summary>
    public PkiProblem ToPkiProblem() => new(
        Type switch
        {
            AcmeErrorType.AccountDoesNotExist or AcmeErrorType.ExternalAccountRequired => PkiProblemKind.Unauthenticated,
            AcmeErrorType.BadCsr or AcmeErrorType.RejectedIdentifier or AcmeErrorType.UnsupportedIdentifier or AcmeErrorType.InvalidContact or AcmeErrorType.UnsupportedContact
                or AcmeErrorType.BadRevocationReason or AcmeErrorType.UserActionRequired or AcmeErrorType.Compound => PkiProblemKind.PolicyViolation,
            AcmeErrorType.BadPublicKey => PkiProblemKind.BadPublicKey,
            AcmeErrorType.BadSignatureAlgorithm => PkiProblemKind.UnsupportedAlgorithm,
            AcmeErrorType.AlreadyReplaced or AcmeErrorType.AlreadyRevoked or AcmeErrorType.OrderNotReady => PkiProblemKind.Conflict,
            AcmeErrorType.InvalidProfile => PkiProblemKind.UnknownProfile,
            AcmeErrorType.RateLimited => PkiProblemKind.RateLimited,
            AcmeErrorType.ServerInternal => PkiProblemKind.Unavailable,
            AcmeErrorType.Unauthorized or AcmeErrorType.Caa or AcmeErrorType.Connection or AcmeErrorType.Dns or AcmeErrorType.IncorrectResponse or AcmeErrorType.Tls
                or AcmeErrorType.BadAttestationStatement => PkiProblemKind.Unauthorized,
            AcmeErrorType.BadNonce or AcmeErrorType.Malformed => PkiProblemKind.MalformedRequest,
        },
        Detail,
        RetryAfter);

    /// <summary>The status of the type (RFC 8555 §6.7, and the sections that name one), or the problem's own.</summary>
    public int StatusCode => Status ?? Type switch
    {
        AcmeErrorType.Unauthorized or AcmeErrorType.UserActionRequired or AcmeErrorType.OrderNotReady or AcmeErrorType.Caa => 403,
        AcmeErrorType.ExternalAccountRequired => 401,
        AcmeErrorType.RateLimited => 429,
        AcmeErrorType.ServerInternal => 500,
        AcmeErrorType.AlreadyReplaced => 409,
        AcmeErrorType.AccountDoesNotExist or AcmeErrorType.AlreadyRevoked or AcmeErrorType.BadAttestationStatement or AcmeErrorType.BadCsr or AcmeErrorType.BadNonce
            or AcmeErrorType.BadPublicKey or AcmeErrorType.BadRevocationReason or AcmeErrorType.BadSignatureAlgorithm or AcmeErrorType.Compound or AcmeErrorType.Connection
            or AcmeErrorType.Dns or AcmeErrorType.IncorrectResponse or AcmeErrorType.InvalidContact or AcmeErrorType.InvalidProfile or AcmeErrorType.Malformed
            or AcmeErrorType.RejectedIdentifier or AcmeErrorType.Tls or AcmeErrorType.UnsupportedContact or AcmeErrorType.UnsupportedIdentifier => 400,
    };

    /// <summary>The problem document (RFC 9457 §3.1).</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, Type.Urn());
        json.WriteString("detail"u8, Detail);
        json.WriteNumber("status"u8, StatusCode);
        if (Algorithms.Count > 0)
        {
            json.WriteStartArray("algorithms"u8);
            foreach (var algorithm in Algorithms)
            {
                json.WriteStringValue(algorithm);
            }

            json.WriteEndArray();
        }

        if (Subproblems.Count > 0)
        {
            json.WriteStartArray("subproblems"u8);
            foreach (var sub in Subproblems)
            {
                sub.Write(json);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    // The authority's texts are clauses; a problem document's detail is a sentence.
    private static string Sentence(PkiProblem problem) => problem.Detail is [var first, .. var rest] ? $"{char.ToUpperInvariant(first)}{rest}{(rest.EndsWith('.') ? "" : ".")}" : problem.Kind.ToString();
}

/// <summary>RFC 8555 §6.7.1.</summary>
public sealed record AcmeSubproblem(AcmeErrorType Type, string Detail, AcmeIdentifier Identifier)
{
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, Type.Urn());
        json.WriteString("detail"u8, Detail);
        json.WriteStartObject("identifier"u8);
        json.WriteString("type"u8, Identifier.Type);
        json.WriteString("value"u8, Identifier.Value);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

/// <summary>A value, or why there is none, in ACME's words.</summary>
public abstract record AcmeOutcome<T>
{
    private AcmeOutcome()
    {
    }

    public sealed record Done(T Value) : AcmeOutcome<T>;

    public sealed record Refused(AcmeProblem Problem) : AcmeOutcome<T>;

#pragma warning disable CA2225 // The two cases are the alternates.
    public static implicit operator AcmeOutcome<T>(T value) => new Done(value);

    public static implicit operator AcmeOutcome<T>(AcmeProblem problem) => new Refused(problem);
#pragma warning restore CA2225
}
