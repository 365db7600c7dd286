using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using AgentPki.Agents;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Spiffe;

/// <summary>
/// The X.509-SVIDs of the entries: one for each at a time, made when a process first asks, and anew at half of its validity, or at once when it was revoked or something else would
/// be issued now (a campaign, another CA, another entry). Made by hop 3 like every certificate, so that it is durable, audited and revocable before anybody has it.
/// </summary>
public sealed class WorkloadSvids : IDisposable
{
    private const string Protocol = "spiffe";

    // A process that asks again and again leaves one entry of the ledger in this time.
    private static readonly TimeSpan RefusalsStand = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan OutagesStand = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly RegistrationAuthority _registration;
    private readonly IssuerDirectory _issuers;
    private readonly ICertificateStore _certificates;
    private readonly IAgentStore _agents;
    private readonly RevocationClock _clock;
    private readonly SubjectKeyMaker _keys;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _sweeper;

    internal WorkloadSvids(
        RegistrationAuthority registration, IssuerDirectory issuers, ICertificateStore certificates, IAgentStore agents, RevocationClock clock, SubjectKeyMaker keys, TimeProvider time, ILogger<WorkloadSvids> logger)
    {
        (_registration, _issuers, _certificates, _agents, _clock, _keys, _time, _logger) = (registration, issuers, certificates, agents, clock, keys, time, logger);
        _sweeper = time.CreateTimer(_ => Sweep(), null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
    }

    /// <summary>The SVID of an entry as of now: good, current and durable. The caller has attested the process.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<Outcome<X509Svid>> CurrentAsync(WorkloadEntry entry, CancellationToken cancellationToken)
    {
        var slot = _slots.GetOrAdd(entry.Name, static _ => new Slot());
        await slot.Making.WaitAsync(cancellationToken);
        try
        {
            // Taken before the store is read: what is committed in between makes the answer count as old.
            var state = (Epoch: _clock.Epoch, _clock.AgentChanges);
            var now = _time.GetUtcNow();
            var profile = await _registration.ProfileForAsync(new Requester.AttestedWorkload(entry), entry.Profile, cancellationToken);
            if (slot.Svid is { } current && now < current.RotateAt && profile is not null && IsOf(current, entry, profile) && await IsGoodAsync(current, state, cancellationToken))
            {
                return new Outcome<X509Svid>.Done(current);
            }

            if (slot.Refusal is { } refusal && refusal.Digest == entry.Digest && refusal.State == state && now < refusal.Until)
            {
                return new Outcome<X509Svid>.Refused(refusal.Problem);
            }

            var made = await IssueAsync(entry, profile, state, cancellationToken);
            slot.Replace((made as Outcome<X509Svid>.Done)?.Value, (made as Outcome<X509Svid>.Refused)?.Problem is { } problem
                ? new Refusal(entry.Digest, state, problem, now + (problem.Kind is PkiProblemKind.Unavailable or PkiProblemKind.RateLimited ? OutagesStand : RefusalsStand))
                : null);
            return made;
        }
        finally
        {
            slot.Making.Release();
        }
    }

    public void Dispose()
    {
        _sweeper.Dispose();
        foreach (var slot in _slots.Values)
        {
            slot.Replace(null, null);
        }
    }

    private static string KindOf(CertificateProfile profile) => $"{profile.Name} {profile.KeyAlgorithms.FirstOrDefault(k => k.CanSign)}";

    private bool IsOf(X509Svid svid, WorkloadEntry entry, CertificateProfile profile) =>
        svid.Entry.Digest == entry.Digest && svid.Profile == KindOf(profile) && _issuers.IssuerFor(profile) is { } issuer && svid.Authority == issuer.Name;

    private async ValueTask<bool> IsGoodAsync(X509Svid svid, (long Epoch, long AgentChanges) state, CancellationToken cancellationToken)
    {
        if (svid.CheckedAt == state)
        {
            return true;
        }

        // The owner of a registered agent does not change with the entry: only its state may have.
        if (await _certificates.FindStatusAsync(svid.Authority, svid.Certificate.SerialNumber, cancellationToken) is not CertificateStatus.Good
            || AgentRules.WhyNotIssuable(await _agents.FindAsync(svid.Entry.Id, cancellationToken), svid.Entry.Owner) is not null
            || _issuers.Find(svid.Authority) is not { } issuer || await _issuers.WhyNotUsableAsync(issuer, _time.GetUtcNow(), cancellationToken) is not null)
        {
            return false;
        }

        svid.CheckedAt = state;
        return true;
    }

    private async ValueTask<Outcome<X509Svid>> IssueAsync(WorkloadEntry entry, CertificateProfile? profile, (long, long) state, CancellationToken cancellationToken)
    {
        if (profile?.KeyAlgorithms.FirstOrDefault(k => k.CanSign) is not { } algorithm)
        {
            return Refuse(entry, new PkiProblem(PkiProblemKind.UnknownProfile, $"no profile with the label '{entry.Profile}' has a kind of key for a workload; name another in the entry"));
        }

        SoftwareSigningKey key;
        try
        {
            key = await _keys.MakeSigningAsync(algorithm, cancellationToken);
        }
        catch (KeyUnavailableException failure)
        {
            return Refuse(entry, new PkiProblem(PkiProblemKind.Unavailable, failure.Message, failure.RetryAfter));
        }

        byte[] pkcs8 = [];
        try
        {
            GeneralName[] names = [new GeneralName.Uri(entry.Id), .. entry.DnsNames.Select(n => new GeneralName.Dns(n))];
            var csr = Pkcs10Request.Parse(await Pkcs10Request.CreateAsync(X500Name.Empty, names, key, cancellationToken));
            var request = new EnrollmentRequest(csr, new Requester.AttestedWorkload(entry), entry.Profile, EnrollmentKind.Enroll, Protocol, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
            switch (await _registration.EnrollAsync(request, cancellationToken))
            {
                case EnrollmentOutcome.Issued issued when _issuers.FindIssuerOf(issued.Certificate) is { } issuer:
                    pkcs8 = key.ExportPkcs8();
                    var now = _time.GetUtcNow();
                    var svid = new X509Svid(entry, KindOf(profile), issuer.Name, issued.Certificate, _issuers.ChainsOf(issuer.Name, now) is [var chain, ..] ? chain : [], pkcs8, now) { CheckedAt = state };
                    Log.SvidIssued(_logger, entry.Name, entry.Id, issued.Certificate.NotAfter, svid.RotateAt);
                    return new Outcome<X509Svid>.Done(svid);
                case EnrollmentOutcome.Rejected(var problem):
                    return Refuse(entry, problem);
                case EnrollmentOutcome.Pending:
                    return Refuse(entry, new PkiProblem(PkiProblemKind.PolicyViolation, $"profile '{profile.Name}' wants a person's approval, for which no workload waits; name another in the entry"));
                default:
                    throw new UnreachableException();
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
            await key.DisposeAsync();
        }
    }

    private Outcome<X509Svid>.Refused Refuse(WorkloadEntry entry, PkiProblem problem)
    {
        Log.SvidRefused(_logger, entry.Name, entry.Id, problem.Detail);
        return new Outcome<X509Svid>.Refused(problem);
    }

    // Nobody asked for it at its time: its key is not kept for somebody who may come.
    private void Sweep()
    {
        foreach (var slot in _slots.Values)
        {
            if (slot.Svid is { } svid && _time.GetUtcNow() >= svid.RotateAt && slot.Making.Wait(0))
            {
                try
                {
                    slot.Replace(slot.Svid is { } still && _time.GetUtcNow() >= still.RotateAt ? null : slot.Svid, slot.Refusal);
                }
                finally
                {
                    slot.Making.Release();
                }
            }
        }
    }

    private sealed record Refusal(string Digest, (long, long) State, PkiProblem Problem, DateTimeOffset Until);

    private sealed class Slot
    {
        public SemaphoreSlim Making { get; } = new(1, 1);

        public X509Svid? Svid { get; private set; }

        public Refusal? Refusal { get; private set; }

        public void Replace(X509Svid? svid, Refusal? refusal)
        {
            if (!ReferenceEquals(Svid, svid))
            {
                Svid?.Dispose();
            }

            (Svid, Refusal) = (svid, refusal);
        }
    }
}
