using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Ledger.Verification;

/// <summary>
/// Records against entries, both ways, in one pass: both streams come in the order of their entries. No certificate without its entry,
/// no entry without its certificate; the same of revocations.
/// </summary>
internal sealed class RecordCheck : IAsyncDisposable
{
    private readonly ILedgerEvidence _evidence;
    private readonly FindingList _findings;
    private readonly long _mustExistBelow;
    private readonly IAsyncEnumerator<CertificateEvidence> _certificates;
    private readonly IAsyncEnumerator<RevocationEvidence> _revocations;
    private readonly List<string> _set = [];
    private bool _moreCertificates;
    private bool _moreRevocations;

    private RecordCheck(ILedgerEvidence evidence, long mustExistBelow, FindingList findings, CancellationToken cancellationToken)
    {
        (_evidence, _mustExistBelow, _findings) = (evidence, mustExistBelow, findings);
        _certificates = evidence.ReadCertificateEvidenceAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        _revocations = evidence.ReadRevocationEvidenceAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>Certificate records seen.</summary>
    public long Certificates { get; private set; }

    /// <summary>Begins to read records. Entries read afterwards hold at least what these records hold, although a server writes on.</summary>
    /// <param name="mustExistBelow">The log's size before: only entries below it must have their records.</param>
    public static async ValueTask<RecordCheck> BeginAsync(ILedgerEvidence evidence, long mustExistBelow, FindingList findings, CancellationToken cancellationToken)
    {
        var check = new RecordCheck(evidence, mustExistBelow, findings, cancellationToken);
        check._moreCertificates = await check._certificates.MoveNextAsync();
        check._moreRevocations = await check._revocations.MoveNextAsync();
        return check;
    }

    /// <summary>Whether an entry says anything of records, or a record says anything of it. Of most neither is so, and their details need not be decoded.</summary>
    public bool Concerns(LedgerLeaf leaf) =>
        leaf.Kind is LedgerEntryKind.CertificateIssued or LedgerEntryKind.CertificateRevoked or LedgerEntryKind.CertificateReleased or LedgerEntryKind.BehaviourAnswerReverted
        || (_moreCertificates && _certificates.Current.Leaf <= leaf.Index) || (_moreRevocations && _revocations.Current.Leaf <= leaf.Index);

    /// <summary>Holds an entry against the records that are said to be its own. May be left out for what <see cref="Concerns"/> denies.</summary>
    public async ValueTask CheckAsync(LedgerRecord record, CancellationToken cancellationToken)
    {
        var facts = record.Details?.Facts;
        var (authority, serial) = (facts?.GetValueOrDefault(LedgerFacts.Authority), facts?.GetValueOrDefault(LedgerFacts.Serial));
        var named = authority is not null && serial is not null;
        var certificates = await CheckCertificatesAsync(record, new CertificateEvidence(record.Leaf.Index, authority ?? "", serial ?? "", facts?.GetValueOrDefault(LedgerFacts.CertificateSha256) ?? ""));
        _set.Clear();
        var revocations = await CheckRevocationsAsync(record, named ? new RevocationEvidence(record.Leaf.Index, authority ?? "", serial ?? "") : null);
        if (record.IsErased || record.Leaf.Index >= _mustExistBelow)
        {
            return;
        }

        CheckSet(record);
        if (record.Leaf.Kind == LedgerEntryKind.CertificateIssued && certificates == 0)
        {
            _findings.Add(LedgerFindingKind.CertificateMissing, record.Leaf.Index, named ? $"{authority} issued serial {serial}, and there is no record of it" : "it names no certificate");
        }

        // A revocation of what was revoked already is an entry without a record of its own.
        if (record.Leaf.Kind == LedgerEntryKind.CertificateRevoked && named && revocations == 0 && !await _evidence.IsRevokedAsync(authority ?? "", serial ?? "", cancellationToken))
        {
            _findings.Add(LedgerFindingKind.RevocationMissing, record.Leaf.Index, $"serial {serial} of {authority} was revoked, and the records call it good");
        }
    }

    /// <summary>After the last entry: records that point beyond it.</summary>
    public async ValueTask FinishAsync()
    {
        for (; _moreCertificates; _moreCertificates = await _certificates.MoveNextAsync())
        {
            Certificates++;
            Unexplained(_certificates.Current);
        }

        for (; _moreRevocations; _moreRevocations = await _revocations.MoveNextAsync())
        {
            Unexplained(_revocations.Current);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _certificates.DisposeAsync();
        await _revocations.DisposeAsync();
    }

    private async ValueTask<int> CheckCertificatesAsync(LedgerRecord record, CertificateEvidence named)
    {
        var matched = 0;
        for (; _moreCertificates && _certificates.Current.Leaf <= record.Leaf.Index; _moreCertificates = await _certificates.MoveNextAsync())
        {
            Certificates++;
            var certificate = _certificates.Current;
            if (certificate == named || (record.IsErased && certificate.Leaf == named.Leaf))
            {
                matched++;
            }
            else
            {
                Unexplained(certificate);
            }
        }

        return matched;
    }

    private async ValueTask<int> CheckRevocationsAsync(LedgerRecord record, RevocationEvidence? named)
    {
        var matched = 0;
        for (; _moreRevocations && _revocations.Current.Leaf <= record.Leaf.Index; _moreRevocations = await _revocations.MoveNextAsync())
        {
            var revocation = _revocations.Current;

            // An entry that names no serial revokes many: a bulk revocation.
            if (revocation.Leaf == record.Leaf.Index
                && (record.IsErased || (record.Leaf.Kind is LedgerEntryKind.CertificateRevoked or LedgerEntryKind.CertificateReleased or LedgerEntryKind.BehaviourAnswerReverted && (named is null || revocation == named))))
            {
                matched++;
                _set.Add($"{revocation.Authority} {revocation.SerialHex}\n");
            }
            else
            {
                Unexplained(revocation);
            }
        }

        return matched;
    }

    /// <summary>
    /// The records of a bulk revocation are the ones whose digest its entry states. A held set may have lost members since (they were revoked or released by
    /// later entries), so that only what is final is compared.
    /// </summary>
    private void CheckSet(LedgerRecord record)
    {
        if (record.Leaf.Kind != LedgerEntryKind.CertificateRevoked || record.Details?.Facts is not { } facts || !facts.TryGetValue(LedgerFacts.Selector, out var selector)
            || facts.GetValueOrDefault(LedgerFacts.Reason) == LedgerFacts.Held)
        {
            return;
        }

        _set.Sort(StringComparer.Ordinal);
        var digest = _set.Count == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(_set))));
        if (digest != facts.GetValueOrDefault(LedgerFacts.SetDigest, ""))
        {
            _findings.Add(LedgerFindingKind.RevocationMissing, record.Leaf.Index, $"the {_set.Count} recorded revocations of '{selector}' are not those that this entry says were made");
        }
    }

    private void Unexplained(CertificateEvidence certificate) => _findings.Add(
        LedgerFindingKind.CertificateUnexplained,
        certificate.Leaf,
        $"the record of serial {certificate.SerialHex} of {certificate.Authority} (SHA-256 {certificate.Sha256Hex}) is not what this entry says was issued");

    private void Unexplained(RevocationEvidence revocation) => _findings.Add(
        LedgerFindingKind.RevocationUnexplained,
        revocation.Leaf,
        $"serial {revocation.SerialHex} of {revocation.Authority} is recorded as revoked, and this entry does not say so");
}
