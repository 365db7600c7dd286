using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509;
using AgentPki.X509.Names;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Migration;

/// <summary>
/// Gives CAs successors with other keys: a new issuing CA, with a new root above it or under the old one. Agents' certificates move when told; OCSP and CRL of
/// the old CA go on for as long as it has valid certificates. A start that was cut off continues where it stopped: what is there by its name is taken.
/// </summary>
public sealed class SuccessionService : IDisposable
{
    private readonly IssuerDirectory _issuers;
    private readonly ProfileCatalog _profiles;
    private readonly KeyMaker _keys;
    private readonly AuthorityMaker _authorities;
    private readonly CryptoProviders _providers;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly AuthorityOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _one = new(1, 1);

    internal SuccessionService(
        IssuerDirectory issuers, ProfileCatalog profiles, KeyMaker keys, CryptoProviders providers, CommitWriter commits, AuditTrail audit, AuthorityOptions options, TimeProvider time, ILogger<SuccessionService> logger) =>
        (_issuers, _profiles, _keys, _authorities, _providers, _commits, _audit, _options, _time, _logger) =
            (issuers, profiles, keys, new AuthorityMaker(providers, options, commits, time), providers, commits, audit, options, time, logger);

    /// <summary>Every succession, oldest first.</summary>
    public IReadOnlyList<SuccessionStatus> List() =>
        [.. _issuers.Successions.Select(s => new SuccessionStatus(s, s.IsServedAt(_time.GetUtcNow())))];

    /// <summary>What a succession would make. Changes nothing and is no entry.</summary>
    public SuccessionPlan Plan(SuccessionDraft draft)
    {
        var obstacles = ImmutableArray.CreateBuilder<string>();
        var planned = ImmutableArray.CreateBuilder<PlannedAuthority>();
        var now = _time.GetUtcNow();
        if (_issuers.Find(draft.Authority) is not { } issuing || issuing.Parent == issuing.Name || _issuers.Find(issuing.Parent) is not { } root)
        {
            obstacles.Add($"there is no issuing CA '{draft.Authority}'; there are {string.Join(", ", _issuers.All.Where(i => i.Parent != i.Name).Select(i => i.Name))}");
            return new SuccessionPlan([], now, draft.SwitchAt, [], obstacles.ToImmutable());
        }

        var served = now + (draft.ServedFor ?? SuccessionDraft.DefaultWindow);
        if (draft.SwitchAt >= served)
        {
            obstacles.Add("the switch must come before the end of the time in which both chains are given out");
        }

        // Above it: what is there from an earlier start, or what would be made, or the root as it stands.
        var newest = _issuers.NewestOf(root.Name) ?? root;
        var isTaken = newest.Name != root.Name;
        if (draft.RootKeys is { } rootKeys)
        {
            ExamineRoot(draft, root, rootKeys, newest, planned, obstacles);
            if (_issuers.Find(NextName(issuing.Name)) is { } made && made.Parent == root.Name)
            {
                obstacles.Add($"CA '{made.Name}' is there from an earlier start, under the root '{root.Name}', which stays then: leave --root-algorithm out");
            }
        }

        Examine(draft, issuing, draft.Keys, planned, obstacles);
        foreach (var profile in _profiles.All.Where(p => p.Issuer == _issuers.LineageOf(issuing.Name) && p.Signature is { } signature && !signature.Fits(draft.Keys.Key)))
        {
            obstacles.Add($"profile '{profile.Name}' wants {profile.Signature} signatures, which a {draft.Keys.Key} key cannot make: take 'signature' out of it");
        }

        var above = isTaken ? new SuccessionRoot(newest.Name, KeyKind.Of(newest.Certificate), true)
            : draft.RootKeys is { } wanted ? new SuccessionRoot(NextName(root.Name), wanted, false)
            : new SuccessionRoot(root.Name, KeyKind.Of(root.Certificate), false);
        return new SuccessionPlan(planned.ToImmutable(), served, draft.SwitchAt, WarningsOf(draft, root, above, planned), obstacles.ToImmutable());
    }

    /// <summary>Makes keys and certificates of the successors and gives them out. Who issues does not change yet.</summary>
    /// <exception cref="KeyUnavailableException">A token cannot work now; start again, it continues.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot work now; start again, it continues.</exception>
    public async ValueTask<Outcome<SuccessionChange>> StartAsync(SuccessionDraft draft, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var plan = Plan(draft);
            if (!plan.Obstacles.IsEmpty)
            {
                return await RefuseAsync(PkiProblemKind.PolicyViolation, string.Join("; ", plan.Obstacles), actor, correlationId);
            }

            try
            {
                // From here on to the end: what is half done would only be finished by the next start.
                await MakeAsync(plan, actor, correlationId);
            }
            catch (Exception failure) when (failure is SignatureRejectedException or InvalidOperationException)
            {
                return await RefuseAsync(PkiProblemKind.IssuanceRejected, failure.Message.TrimEnd('.'), actor, correlationId);
            }

            return new Outcome<SuccessionChange>.Done(new SuccessionChange(List(), plan.Warnings));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Agents' certificates come from the successor from now on.</summary>
    public ValueTask<Outcome<SuccessionChange>> SwitchAsync(string authority, string actor, string correlationId, CancellationToken cancellationToken) =>
        MoveAsync(authority, SuccessionState.Prepared, SuccessionState.Switched, actor, correlationId, cancellationToken);

    /// <summary>Agents' certificates come from the old CA again. What the successor issued stays valid.</summary>
    public ValueTask<Outcome<SuccessionChange>> RollBackAsync(string authority, string actor, string correlationId, CancellationToken cancellationToken) =>
        MoveAsync(authority, SuccessionState.Switched, SuccessionState.Prepared, actor, correlationId, cancellationToken);

    /// <summary>The appliance's own certificates follow, and the old chain is not given out any more. OCSP and CRL of the old CA go on.</summary>
    public ValueTask<Outcome<SuccessionChange>> FinishAsync(string authority, string actor, string correlationId, CancellationToken cancellationToken) =>
        MoveAsync(authority, SuccessionState.Switched, SuccessionState.Finished, actor, correlationId, cancellationToken);

    /// <summary>Switches what is due: called by the appliance's timer.</summary>
    public async ValueTask AdvanceAsync(CancellationToken cancellationToken)
    {
        foreach (var due in _issuers.Successions.Where(s => s.State == SuccessionState.Prepared && s.SwitchAt <= _time.GetUtcNow() && IsIssuing(s)).ToList())
        {
            await MoveAsync(due.Predecessor, SuccessionState.Prepared, SuccessionState.Switched, AuditTrail.Appliance, "timer", cancellationToken);
        }
    }

    public void Dispose() => _one.Dispose();

    /// <summary>What becomes of HTTPS under CAs with such keys, where the platform's TLS accepts them not.</summary>
    private ImmutableArray<string> TlsRemarks(IEnumerable<KeyAlgorithm> keys) =>
        keys.Select(_options.WhyNotInTls).OfType<string>().FirstOrDefault() is { } why && _profiles.All.FirstOrDefault(p => p.Use == ProfileUse.TlsServer) is { } profile && _issuers.IssuerFor(profile) is { } issuer
            ? [$"{why}: HTTPS stays with CA '{issuer.Name}' ({issuer.Certificate.PublicKey.Algorithm}), and clients go on to be given its root beside the new one"]
            : [];

    private bool IsIssuing(SuccessionRecord succession) => _issuers.Find(succession.Predecessor) is { } issuer && issuer.Parent != issuer.Name;

    private ImmutableArray<string> WarningsOf(SuccessionDraft draft, Issuer root, SuccessionRoot above, IEnumerable<PlannedAuthority> planned)
    {
        var warnings = ImmutableArray.CreateBuilder<string>();
        var changes = planned.Select(a => (Name: a.Predecessor, Before: a.PredecessorKeys, After: a.Keys)).ToList();
        if (above.IsTaken)
        {
            warnings.Add($"the root's successor '{above.Name}' ({above.Keys}) is there from an earlier start and is taken");
            changes.Insert(0, (root.Name, KeyKind.Of(root.Certificate), above.Keys));
        }

        if (draft.Keys.IsQuantumSafe && !above.Keys.IsQuantumSafe)
        {
            warnings.Add($"the root '{above.Name}' has {above.Keys} keys: the new chain is only as strong as that{(above.Name == root.Name ? "; --root-algorithm gives it a successor too" : "")}");
        }

        if (draft.Keys.IsCatalyst && !above.Keys.IsCatalyst)
        {
            warnings.Add($"the root signs once ({above.Keys}): who demands both signatures has no second key to begin with; a new root of two keys has (--root-algorithm 'catalyst …')");
        }

        warnings.AddRange(changes.Where(c => c.Before.IsCatalyst && !c.After.IsCatalyst).Select(c =>
            $"CA '{c.Name}' signs twice ({c.Before}), its successor would sign once: who demands both signatures refuses what that issues"));
        if (draft.Keys.Key.IsQuantumSafe)
        {
            warnings.Add($"a TLS library that does not know {draft.Keys.Key} signatures (OpenSSL before 3.5; of composites, every one) presents no certificate of the new CA: agents with such a library renew by full CMC");
        }

        warnings.AddRange(TlsRemarks(changes.Select(c => c.After.Key)));
        if (above.Name == root.Name)
        {
            warnings.Add("the root stays: relying parties need no new anchor, and there are no roll-over certificates");
        }

        return warnings.ToImmutable();
    }

    /// <summary>A start that was cut off left the root's successor behind: it is taken, if it is of the keys that are asked for.</summary>
    private void ExamineRoot(SuccessionDraft draft, Issuer root, KeyKind keys, Issuer newest, ImmutableArray<PlannedAuthority>.Builder planned, ImmutableArray<string>.Builder obstacles)
    {
        if (!_issuers.Successions.Any(s => s.Predecessor == root.Name && s.State == SuccessionState.Prepared))
        {
            Examine(draft, root, keys, planned, obstacles);
        }
        else if (WhyNotTaken(newest, keys) is { } other)
        {
            obstacles.Add(other);
        }
    }

    private static string? WhyNotTaken(Issuer made, KeyKind keys) => KeyKind.Of(made.Certificate) is var its && its == keys
        ? null
        : $"CA '{made.Name}' is there from an earlier start, of {its} and not {keys} keys, and keeps those: ask for {its}";

    private void Examine(SuccessionDraft draft, Issuer predecessor, KeyKind keys, ImmutableArray<PlannedAuthority>.Builder planned, ImmutableArray<string>.Builder obstacles)
    {
        if (_issuers.Successions.FirstOrDefault(s => s.Predecessor == predecessor.Name) is { } known)
        {
            obstacles.Add($"CA '{predecessor.Name}' has a successor already, '{known.Successor}': finish that, then give that one a successor");
            return;
        }

        if (new[] { keys.Key, keys.Alternative }.OfType<KeyAlgorithm>().FirstOrDefault(key => !key.CanSign || key == KeyAlgorithm.Rsa2048) is { } unfit)
        {
            obstacles.Add($"a CA cannot have a {unfit} key");
            return;
        }

        if (_issuers.Find(NextName(predecessor.Name)) is { } made && WhyNotTaken(made, keys) is { } other)
        {
            obstacles.Add(other);
            return;
        }

        // No worse than its predecessor's keys are kept, unless somebody gives leave.
        var first = Place(draft, predecessor, keys.Key, predecessor.Protection, obstacles);
        var second = keys.Alternative is { } alternative ? Place(draft, predecessor, alternative, predecessor.AlternativeProtection ?? predecessor.Protection, obstacles) : null;
        if (first is not null && (keys.Alternative is null || second is not null))
        {
            var certificate = predecessor.Certificate;
            planned.Add(new PlannedAuthority(
                predecessor.Name, KeyKind.Of(certificate), NextName(predecessor.Name), SubjectOf(predecessor).ToString(), first, second, _time.GetUtcNow() + (certificate.NotAfter - certificate.NotBefore)));
        }
    }

    private PlannedKey? Place(SuccessionDraft draft, Issuer predecessor, KeyAlgorithm key, KeyProtection? kept, ImmutableArray<string>.Builder obstacles)
    {
        var lowest = kept ?? KeyProtection.Token;
        var where = new KeyPlacement(draft.AllowTokenWrapped && lowest > KeyProtection.TokenWrapped ? KeyProtection.TokenWrapped : lowest);
        if (where.Find(_providers, [key]) is ({ } provider, _))
        {
            return new PlannedKey(key, provider.Name, provider.ProtectionFor(key));
        }

        obstacles.Add($"CA '{predecessor.Name}': {where.Explain(_providers, [key]).TrimEnd('.')}");
        return null;
    }

    /// <summary><c>issuing</c>, <c>issuing-2</c>, <c>issuing-3</c>: the number is the generation.</summary>
    private string NextName(string predecessor)
    {
        var line = _issuers.LineageOf(predecessor);
        var generation = 2;
        for (var name = line; name != predecessor; generation++)
        {
            name = _issuers.Successions.First(s => s.Predecessor == name).Successor;
        }

        return $"{line}-{generation}";
    }

    /// <summary>A root keeps its name: its two keys certify each other under it (RFC 9810 §4.4). An issuing CA gets another, so that name and serial number stay unique (RFC 5280 §4.1.2.2).</summary>
    private X500Name SubjectOf(Issuer predecessor)
    {
        var subject = predecessor.Certificate.Subject;
        if (predecessor.Parent == predecessor.Name)
        {
            return subject;
        }

        var line = _issuers.Find(_issuers.LineageOf(predecessor.Name))?.Certificate.Subject ?? subject;
        var generation = NextName(predecessor.Name)[(_issuers.LineageOf(predecessor.Name).Length + 1)..];
        return X500Name.Create([.. line.Rdns.SelectMany(rdn => rdn).Select(a => (a.Oid, a.Oid == Oids.CommonName ? $"{a.Value} {generation}" : a.Value))]);
    }

    private async ValueTask MakeAsync(SuccessionPlan plan, string actor, string correlationId)
    {
        foreach (var planned in plan.Authorities)
        {
            var predecessor = _issuers.Find(planned.Predecessor) ?? throw new InvalidOperationException($"CA '{planned.Predecessor}' is gone.");
            var isRoot = predecessor.Parent == predecessor.Name;

            // 1. The CA: its key where it will live, its certificate by itself or by its parent.
            var successor = _issuers.Find(planned.Name) ?? await MakeAuthorityAsync(planned, predecessor, isRoot ? null : _issuers.NewestOf(predecessor.Parent), actor);

            // 2. Of a root: each key under the other's signature.
            byte[]? newWithOld = null, oldWithNew = null;
            if (isRoot)
            {
                newWithOld = await CrossAsync(predecessor, successor, actor);
                oldWithNew = await CrossAsync(successor, predecessor, actor);
            }

            // 3. The succession, from which on it is given out.
            var now = _time.GetUtcNow();
            var record = new SuccessionRecord(predecessor.Name, successor.Name, SuccessionState.Prepared, newWithOld, oldWithNew, now, plan.SwitchAt, plan.ServedUntil);
            await CommitAsync(new CommitRequest(Entry(record, SuccessionState.Prepared, actor, correlationId, now), [new StoreChange.AddSuccession(record)]));
            await _issuers.ReloadAsync(CancellationToken.None);
        }
    }

    private async ValueTask<Issuer> MakeAuthorityAsync(PlannedAuthority planned, Issuer predecessor, Issuer? parent, string actor)
    {
        var label = predecessor.Record.Key.Label;
        var ending = $"{predecessor.Name}-ca";
        var prefix = label.EndsWith(ending, StringComparison.Ordinal) ? label[..^ending.Length] : "";
        static AuthorityKeyPlace PlaceOf(PlannedKey key) => new(key.Algorithm, new KeyPlacement(key.Protection), null);
        await using (var keys = await _keys.OpenOrGenerateAuthorityAsync($"{prefix}{planned.Name}-ca", PlaceOf(planned.Key), planned.Alternative is { } second ? PlaceOf(second) : null, actor, CancellationToken.None))
        {
            await _keys.RecordFoundAsync(keys, actor);
            var constrain = predecessor.Certificate.FindExtension(Oids.NameConstraints) is not null;
            await _authorities.MakeAsync(new AuthorityDraft(planned.Name, SubjectOf(predecessor), planned.Key.Algorithm.DefaultSignature, planned.NotAfter, constrain), keys, parent, actor, CancellationToken.None);
        }

        await _issuers.ReloadAsync(CancellationToken.None);
        return _issuers.Find(planned.Name) ?? throw new InvalidOperationException($"CA '{planned.Name}' was not recorded.");
    }

    private async ValueTask<byte[]> CrossAsync(Issuer signer, Issuer other, string actor)
    {
        var certificate = await RollOver.CertifyAsync(signer, other.Certificate, _options, CancellationToken.None);
        var (now, serial) = (_time.GetUtcNow(), certificate.SerialNumber.ToArray());
        var entry = new LedgerEntry(LedgerEntryKind.RollOverCertificateIssued, now, actor, LedgerFacts.OfCertificate(signer.Name, serial, certificate.Der.Span).AddRange(AuditDetails.Of(
            (AuditDetails.Subject, certificate.Subject.ToString()),
            (AuditDetails.KeySha256, AuditDetails.Hex(certificate.PublicKey.Fingerprint())),
            (AuditDetails.NotAfter, AuditDetails.Instant(certificate.NotAfter)))));
        var record = new CertificateRecord(
            signer.Name, serial, certificate.Der.ToArray(), "roll-over", null, certificate.PublicKey.Fingerprint(), certificate.NotBefore, certificate.NotAfter, now, actor, certificate.PublicKey.Algorithm,
            AlternativeKeyFingerprint: certificate.AlternativePublicKey?.Fingerprint());
        await CommitAsync(new CommitRequest(entry, [new StoreChange.AddCertificate(record)]));
        return certificate.Der.ToArray();
    }

    private async ValueTask<Outcome<SuccessionChange>> MoveAsync(string authority, SuccessionState from, SuccessionState to, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_issuers.Successions.FirstOrDefault(s => s.Predecessor == authority) is not { } succession || !IsIssuing(succession))
            {
                return await RefuseAsync(PkiProblemKind.NotFound, $"issuing CA '{authority}' has no successor", actor, correlationId);
            }

            if (succession.State != from)
            {
                return await RefuseAsync(PkiProblemKind.Conflict, $"the succession of CA '{authority}' is {Word(succession.State)}, not {Word(from)}", actor, correlationId);
            }

            // The root above goes with it: one entry, one commit.
            var now = _time.GetUtcNow();
            var parent = _issuers.Find(succession.Predecessor)?.Parent;
            var moved = _issuers.Successions.Where(s => s == succession || (s.Predecessor == parent && s.State == from)).ToList();
            await CommitAsync(new CommitRequest(Entry(succession, to, actor, correlationId, now), [.. moved.Select(s => new StoreChange.ChangeSuccession(s.Predecessor, from, to))]));
            await _issuers.ReloadAsync(CancellationToken.None);
            Log.SuccessionMoved(_logger, succession.Predecessor, succession.Successor, to.ToString());
            return new Outcome<SuccessionChange>.Done(new SuccessionChange(List(), to == SuccessionState.Finished ? TlsRemarks(_issuers.Find(succession.Successor)?.Chain.Select(c => c.PublicKey.Algorithm) ?? []) : []));
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask CommitAsync(CommitRequest request)
    {
        if (await _commits.CommitAsync(request, CancellationToken.None) is CommitOutcome.Conflict conflict)
        {
            throw new InvalidOperationException(conflict.Reason);
        }
    }

    private static LedgerEntry Entry(SuccessionRecord succession, SuccessionState state, string actor, string correlationId, DateTimeOffset now) =>
        new(LedgerEntryKind.AuthoritySuccession, now, actor, AuditDetails.Of(
            (AuditDetails.Subject, succession.Predecessor),
            (AuditDetails.Successor, succession.Successor),
            (AuditDetails.State, state.ToString()),
            (AuditDetails.To, AuditDetails.Instant(succession.ServedUntil)),
            (AuditDetails.Correlation, correlationId)));

    private static string Word(SuccessionState state) => state switch
    {
        SuccessionState.Prepared => "prepared",
        SuccessionState.Switched => "switched",
        SuccessionState.Finished => "finished",
    };

    private async ValueTask<Outcome<SuccessionChange>> RefuseAsync(PkiProblemKind kind, string detail, string actor, string correlationId)
    {
        var problem = new PkiProblem(kind, detail);
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), CancellationToken.None);
        return new Outcome<SuccessionChange>.Refused(problem);
    }
}
