using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Enrollment;

/// <summary>What a new credential shall allow.</summary>
/// <param name="Name">1 to 64 of <c>[A-Za-z0-9._-]</c>; null: one is made.</param>
/// <param name="Profiles">Names of profiles that take credentials; empty: every one that does.</param>
/// <param name="SubjectPattern">Glob over the SPIFFE ID's path; null: any.</param>
/// <param name="MaxUses">Null: any number of times.</param>
public sealed record NewCredential(string? Name, string Owner, IReadOnlyList<string> Profiles, string? SubjectPattern, int? MaxUses, TimeSpan Lifetime);

/// <summary>A new credential with its secret: 256 random bits, base64url. The only place and time where the secret is seen.</summary>
public sealed record CreatedCredential(EnrollmentCredential Credential, string Secret)
{
    /// <summary>The name alone: a secret must not reach a log through string formatting (invariant 8).</summary>
    public override string ToString() => $"CreatedCredential {Credential.Name}";
}

/// <summary>Makes, lists and revokes enrolment credentials.</summary>
public sealed class CredentialService(ICredentialStore credentials, CommitWriter commits, AuditTrail audit, ProfileCatalog profiles, TimeProvider time)
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(366);

    public ValueTask<IReadOnlyList<EnrollmentCredential>> ListAsync(CancellationToken cancellationToken) => credentials.ListAsync(cancellationToken);

    public async ValueTask<Outcome<CreatedCredential>> CreateAsync(NewCredential wanted, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (Check(wanted) is { } wrong)
        {
            return await RefuseAsync<CreatedCredential>(new PkiProblem(PkiProblemKind.PolicyViolation, wrong), actor, correlationId, cancellationToken);
        }

        var now = time.GetUtcNow();
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var credential = new EnrollmentCredential(
            wanted.Name ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
            HashSecret(secret),
            wanted.Owner,
            [.. wanted.Profiles],
            wanted.SubjectPattern,
            wanted.MaxUses,
            Uses: 0,
            now,
            now + wanted.Lifetime,
            Revoked: null);
        var entry = new LedgerEntry(LedgerEntryKind.CredentialCreated, now, actor, AuditDetails.Of(
            (AuditDetails.Credential, credential.Name),
            (AuditDetails.Owner, credential.Owner),
            (AuditDetails.Profile, string.Join(' ', credential.Profiles)),
            (AuditDetails.Subject, credential.SubjectPattern),
            (AuditDetails.Total, credential.MaxUses?.ToString()),
            (AuditDetails.NotAfter, AuditDetails.Instant(credential.NotAfter)),
            (AuditDetails.Correlation, correlationId)));
        return await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.AddCredential(credential)]), cancellationToken) is CommitOutcome.Conflict
            ? await RefuseAsync<CreatedCredential>(new PkiProblem(PkiProblemKind.Conflict, $"a credential named '{credential.Name}' exists already"), actor, correlationId, cancellationToken)
            : new Outcome<CreatedCredential>.Done(new CreatedCredential(credential, secret));
    }

    public async ValueTask<Outcome<string>> RevokeAsync(string name, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var entry = new LedgerEntry(LedgerEntryKind.CredentialRevoked, now, actor, AuditDetails.Of((AuditDetails.Credential, name), (AuditDetails.Correlation, correlationId)));
        var known = await credentials.FindAsync(name, cancellationToken);
        if (known is { Revoked: not null })
        {
            return new Outcome<string>.Done(name);
        }

        return known is null || await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.RevokeCredential(name, now)]), cancellationToken) is CommitOutcome.Conflict
            ? await RefuseAsync<string>(new PkiProblem(PkiProblemKind.NotFound, "there is no credential of that name"), actor, correlationId, cancellationToken)
            : new Outcome<string>.Done(name);
    }

    /// <summary>SHA-256 of the secret's UTF-8 octets: enough for 256 random bits, which nobody guesses.</summary>
    public static byte[] HashSecret(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    private string? Check(NewCredential wanted)
    {
        if (wanted.Name is { } name && (name.Length is 0 or > 64 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))))
        {
            return "a credential's name is 1 to 64 letters, digits, '.', '_' and '-'";
        }

        if (OwnerRules.Check(wanted.Owner) is { } wrongOwner)
        {
            return wrongOwner;
        }

        if (wanted.SubjectPattern is { } pattern && (!pattern.StartsWith('/') || pattern.Length > 512))
        {
            return "the subject pattern is a glob over the SPIFFE ID's path and starts with '/', for example /agent/team-a-*";
        }

        if (wanted.MaxUses is < 1 || wanted.Lifetime < TimeSpan.FromMinutes(1) || wanted.Lifetime > LongestLifetime)
        {
            return "a credential is good once or more, for a minute to a year";
        }

        var unfit = wanted.Profiles.FirstOrDefault(p => profiles.Find(p) is not { Authentication.Credential: true });
        return unfit is null ? null : $"'{unfit}' is no profile that takes credentials; those are {string.Join(", ", profiles.All.Where(p => p.Authentication.Credential).Select(p => p.Name))}";
    }

    private async ValueTask<Outcome<T>> RefuseAsync<T>(PkiProblem problem, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<T>.Refused(problem);
    }
}
