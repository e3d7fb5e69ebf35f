(* Derivatives of real functions by structure, and the functions that solve Riccati equations.

   Every rule is a lemma of the standard library with its value written out. *)

Require Export Reals Lra.
Open Scope R_scope.

Lemma slope_equal f x a b : derivable_pt_lim f x a -> a = b -> derivable_pt_lim f x b.
Proof. intros D <-. exact D. Qed.

Lemma slope_extended f g x a :
  (forall y, f y = g y) -> derivable_pt_lim g x a -> derivable_pt_lim f x a.
Proof.
  intros E D e P. destruct (D e P) as [d H]. exists d. intros h N S. rewrite !E. auto.
Qed.

Lemma slope_unique f g x a b :
  (forall y, f y = g y) -> derivable_pt_lim f x a -> derivable_pt_lim g x b -> a = b.
Proof.
  intros E D F. apply (uniqueness_limite f x); [exact D |]. apply (slope_extended f g); auto.
Qed.

Lemma slope_unique_positive f g x a b :
  0 < x -> (forall y, 0 < y -> f y = g y) ->
  derivable_pt_lim f x a -> derivable_pt_lim g x b -> a = b.
Proof.
  intros P E D F. apply (uniqueness_limite f x); [exact D |]. intros e Q.
  destruct (F e Q) as [d H]. assert (0 < Rmin d x) as M by (apply Rmin_pos; [apply d | exact P]).
  exists (mkposreal _ M). intros h N S. cbn in S. pose proof (Rmin_l d x). pose proof (Rmin_r d x).
  rewrite !E; [apply H; [exact N | lra] | exact P |]. apply Rabs_def2 in S. lra.
Qed.

Lemma slope_constant c x : derivable_pt_lim (fun _ => c) x 0.
Proof. apply derivable_pt_lim_const. Qed.

Lemma slope_variable x : derivable_pt_lim (fun y => y) x 1.
Proof. apply derivable_pt_lim_id. Qed.

Lemma slope_sum f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b ->
  derivable_pt_lim (fun y => f y + g y) x (a + b).
Proof. apply derivable_pt_lim_plus. Qed.

Lemma slope_difference f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b ->
  derivable_pt_lim (fun y => f y - g y) x (a - b).
Proof. apply derivable_pt_lim_minus. Qed.

Lemma slope_opposite f x a : derivable_pt_lim f x a -> derivable_pt_lim (fun y => - f y) x (- a).
Proof. apply derivable_pt_lim_opp. Qed.

Lemma slope_product f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b ->
  derivable_pt_lim (fun y => f y * g y) x (a * g x + f x * b).
Proof. apply derivable_pt_lim_mult. Qed.

Lemma slope_quotient f g x a b : derivable_pt_lim f x a -> derivable_pt_lim g x b -> g x <> 0 ->
  derivable_pt_lim (fun y => f y / g y) x ((a * g x - b * f x) / (g x * g x)).
Proof. intros; apply (derivable_pt_lim_div f g); auto. Qed.

Lemma slope_of f g x a b : derivable_pt_lim g x a -> derivable_pt_lim f (g x) b ->
  derivable_pt_lim (fun y => f (g y)) x (b * a).
Proof. apply derivable_pt_lim_comp. Qed.

Lemma slope_power f n x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => f y ^ n) x (INR n * f x ^ pred n * a).
Proof.
  intro D. apply (slope_of (fun z => z ^ n) f); [exact D | apply derivable_pt_lim_pow].
Qed.

Lemma slope_exp f x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => exp (f y)) x (exp (f x) * a).
Proof. intro D. apply (slope_of exp f); [exact D | apply derivable_pt_lim_exp]. Qed.

(* The logarithm: the standard library's rests on the law of excluded middle, which is not needed. *)

Lemma exp_above x : 0 <= x -> 1 + x <= exp x.
Proof.
  intro P. unfold exp. destruct (exist_exp x) as [e E]. cbn. 
  replace (1 + x) with (sum_f_R0 (fun i => / INR (fact i) * x ^ i) 1) by (cbn; field).
  apply sum_incr; [exact E |]. intro n.
  apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0 | now apply pow_le].
Qed.

Lemma exp_monotone x y : x < y -> exp x < exp y.
Proof.
  intro L. replace y with (x + (y - x)) by ring. rewrite exp_plus.
  pose proof (exp_above (y - x)). pose proof (exp_pos x). nra.
Qed.

Lemma exp_reaches y : 0 < y -> {x | exp x = y}.
Proof.
  intro P. assert (0 < / y) as Q by now apply Rinv_0_lt_compat.
  destruct (IVT_cor (fun x => exp x - y) (- / y) y) as [x [_ E]].
  - intro x. apply derivable_continuous_pt. exists (exp x).
    replace (exp x) with (exp x - 0) at 1 by ring.
    apply derivable_pt_lim_minus; [apply derivable_pt_lim_exp | apply derivable_pt_lim_const].
  - lra.
  - pose proof (exp_above y). pose proof (exp_above (/ y)).
    assert (exp (- / y) <= y).
    { rewrite exp_Ropp. replace y with (/ / y) at 2 by (field; lra).
      apply Rinv_le_contravar; lra. }
    nra.
  - exists x. lra.
Qed.

Definition logarithm (y : R) : R :=
  match Rlt_dec 0 y with left P => proj1_sig (exp_reaches y P) | right _ => 0 end.

Definition power (x e : R) : R := exp (e * logarithm x).

Lemma exp_logarithm y : 0 < y -> exp (logarithm y) = y.
Proof.
  intro P. unfold logarithm. destruct (Rlt_dec 0 y) as [Q | Q]; [| lra].
  now destruct (exp_reaches y Q).
Qed.

Lemma logarithm_exp x : logarithm (exp x) = x.
Proof.
  pose proof (exp_logarithm (exp x) (exp_pos x)) as E.
  destruct (Rtotal_order (logarithm (exp x)) x) as [L | [L | L]];
    [apply exp_monotone in L; lra | exact L | apply exp_monotone in L; lra].
Qed.

Lemma logarithm_monotone x y : 0 < x -> x < y -> logarithm x < logarithm y.
Proof.
  intros P L. destruct (Rlt_le_dec (logarithm x) (logarithm y)) as [H | [H | H]].
  - exact H.
  - apply exp_monotone in H. rewrite !exp_logarithm in H; lra.
  - apply (f_equal exp) in H. rewrite !exp_logarithm in H; lra.
Qed.

Lemma slope_of_logarithm x : 0 < x -> derivable_pt_lim logarithm x (/ x).
Proof.
  intros P e Q. set (z := logarithm x). assert (exp z = x) as Z by now apply exp_logarithm.
  assert (0 < Rmin (x / 2) (e * (x * x) / 2)) as M.
  { apply Rmin_pos; [lra |]. pose proof (Rmult_lt_0_compat x x P P).
    pose proof (Rmult_lt_0_compat e _ Q H). lra. }
  destruct (derivable_pt_lim_exp z _ M) as [d D]. destruct d as [d d_positive]. cbn in D.
  pose proof (Rmin_l (x / 2) (e * (x * x) / 2)). pose proof (Rmin_r (x / 2) (e * (x * x) / 2)).
  set (m := Rmin _ _) in *. rewrite Z in D.
  assert (x < exp (z + d)) as A by (rewrite <- Z; apply exp_monotone; lra).
  assert (exp (z - d) < x) as B by (rewrite <- Z; apply exp_monotone; lra).
  assert (0 < Rmin (exp (z + d) - x) (x - exp (z - d))) as C by (apply Rmin_pos; lra).
  exists (mkposreal _ C). intros h N S. cbn in S.
  pose proof (Rmin_l (exp (z + d) - x) (x - exp (z - d))).
  pose proof (Rmin_r (exp (z + d) - x) (x - exp (z - d))).
  apply Rabs_def2 in S. pose proof (exp_pos (z - d)). fold z.
  assert (logarithm (x + h) < z + d) as U.
  { rewrite <- (logarithm_exp (z + d)). apply logarithm_monotone; lra. }
  assert (z - d < logarithm (x + h)) as L.
  { rewrite <- (logarithm_exp (z - d)). apply logarithm_monotone; lra. }
  set (k := logarithm (x + h) - z).
  assert (exp (z + k) = x + h) as K.
  { replace (z + k) with (logarithm (x + h)) by (unfold k; ring). apply exp_logarithm. lra. }
  assert (k <> 0) as K0. { intro E. rewrite E, Rplus_0_r in K. lra. }
  assert (Rabs k < d) as K1 by (apply Rabs_def1; unfold k; lra).
  specialize (D k K0 K1). rewrite K in D. replace (x + h - x) with h in D by ring.
  apply Rabs_def2 in D.
  assert (h = h / k * k) as E by (field; exact K0). set (q := h / k) in *.
  assert (x / 2 < q) as Q0 by lra.
  replace (k / h - / x) with ((x - q) / (q * x)) by (rewrite E; field; repeat split; nra).
  assert (0 < q * x) as Q1 by nra.
  unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ (q * x))) by (left; now apply Rinv_0_lt_compat).
  apply (Rmult_lt_reg_r (q * x)); [exact Q1 |].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  apply Rabs_def1; nra.
Qed.

Lemma slope_logarithm f x a : derivable_pt_lim f x a -> 0 < f x ->
  derivable_pt_lim (fun y => logarithm (f y)) x (a / f x).
Proof.
  intros D P. eapply slope_equal.
  - apply (slope_of logarithm f); [exact D | now apply slope_of_logarithm].
  - field. lra.
Qed.

Lemma slope_real_power f e x a : derivable_pt_lim f x a -> 0 < f x ->
  derivable_pt_lim (fun y => power (f y) e) x (e * power (f x) e / f x * a).
Proof.
  intros D P. unfold power. eapply slope_equal.
  - apply slope_exp, (slope_product (fun _ => e) (fun y => logarithm (f y)));
      [apply slope_constant | exact (slope_logarithm f x a D P)].
  - cbv beta. field. lra.
Qed.

Lemma power_positive x e : 0 < power x e.
Proof. apply exp_pos. Qed.

Lemma logarithm_1 : logarithm 1 = 0.
Proof. rewrite <- exp_0. apply logarithm_exp. Qed.

Lemma exp_power x n : exp x ^ n = exp (INR n * x).
Proof.
  induction n as [| n E].
  - cbn. now rewrite Rmult_0_l, exp_0.
  - rewrite S_INR. cbn. rewrite E, <- exp_plus. f_equal. ring.
Qed.

Lemma logarithm_product x y : 0 < x -> 0 < y ->
  logarithm (x * y) = logarithm x + logarithm y.
Proof.
  intros P Q. rewrite <- (logarithm_exp (logarithm x + logarithm y)), exp_plus.
  rewrite (exp_logarithm x P), (exp_logarithm y Q). reflexivity.
Qed.

Lemma logarithm_inverse x : 0 < x -> logarithm (/ x) = - logarithm x.
Proof.
  intro P. rewrite <- (logarithm_exp (- logarithm x)), exp_Ropp, (exp_logarithm x P). reflexivity.
Qed.

(* cosh (sqrt q s) and sinh (sqrt q s) / sqrt q as functions of q, whatever its sign. *)

Definition RootCosh (q s : R) : R :=
  if Rlt_dec 0 q then cosh (sqrt q * s) else if Rlt_dec q 0 then cos (sqrt (- q) * s) else 1.

Definition RootSinh (q s : R) : R :=
  if Rlt_dec 0 q then sinh (sqrt q * s) / sqrt q
  else if Rlt_dec q 0 then sin (sqrt (- q) * s) / sqrt (- q) else s.

Lemma slope_linear c x : derivable_pt_lim (fun y => c * y) x c.
Proof.
  eapply slope_equal.
  - apply (slope_product (fun _ => c) (fun y => y)); [apply slope_constant | apply slope_variable].
  - ring.
Qed.

(* A positive number and its root w, by which it is written. *)
Ltac rooted q w :=
  let E := fresh in
  let P := fresh in
  assert (E : sqrt q * sqrt q = q) by (apply sqrt_sqrt; lra);
  assert (P : 0 < sqrt q) by (apply sqrt_lt_R0; lra);
  set (w := sqrt q) in *; clearbody w.

Lemma RootCosh_slope q s : derivable_pt_lim (RootCosh q) s (q * RootSinh q s).
Proof.
  unfold RootCosh, RootSinh. destruct (Rlt_dec 0 q) as [P | P].
  - rooted q w. eapply slope_equal.
    + apply (slope_of cosh); [apply slope_linear | apply derivable_pt_lim_cosh].
    + replace q with (w * w) by assumption. field. lra.
  - destruct (Rlt_dec q 0) as [N | N].
    + rooted (- q) w. eapply slope_equal.
      * apply (slope_of cos); [apply slope_linear | apply derivable_pt_lim_cos].
      * replace q with (- (w * w)) by lra. field. lra.
    + replace q with 0 by lra. eapply slope_equal; [apply slope_constant | ring].
Qed.

Lemma RootSinh_slope q s : derivable_pt_lim (RootSinh q) s (RootCosh q s).
Proof.
  unfold RootCosh, RootSinh. destruct (Rlt_dec 0 q) as [P | P].
  - pose proof (sqrt_lt_R0 q P). eapply slope_equal.
    + apply (slope_quotient (fun y => sinh (sqrt q * y)) (fun _ => sqrt q)).
      * apply (slope_of sinh); [apply slope_linear | apply derivable_pt_lim_sinh].
      * apply slope_constant.
      * lra.
    + field. lra.
  - destruct (Rlt_dec q 0) as [N | N].
    + assert (0 < - q) as M by lra. pose proof (sqrt_lt_R0 _ M). eapply slope_equal.
      * apply (slope_quotient (fun y => sin (sqrt (- q) * y)) (fun _ => sqrt (- q))).
        -- apply (slope_of sin); [apply slope_linear | apply derivable_pt_lim_sin].
        -- apply slope_constant.
        -- lra.
      * field. lra.
    + apply slope_variable.
Qed.

Lemma RootCosh_0 q : RootCosh q 0 = 1.
Proof.
  unfold RootCosh. destruct (Rlt_dec 0 q); [| destruct (Rlt_dec q 0); [| reflexivity]];
  rewrite Rmult_0_r; [apply cosh_0 | apply cos_0].
Qed.

Lemma RootSinh_0 q : RootSinh q 0 = 0.
Proof.
  unfold RootSinh. destruct (Rlt_dec 0 q); [| destruct (Rlt_dec q 0); [| reflexivity]];
  rewrite Rmult_0_r, ?sinh_0, ?sin_0; unfold Rdiv; ring.
Qed.

Lemma Root_square q s : RootCosh q s ^ 2 = 1 + q * RootSinh q s ^ 2.
Proof.
  unfold RootCosh, RootSinh. destruct (Rlt_dec 0 q) as [P | P].
  - rooted q w. replace q with (w * w) by assumption.
    unfold cosh, sinh. rewrite exp_Ropp. field. split; [apply Rgt_not_eq, exp_pos | lra].
  - destruct (Rlt_dec q 0) as [N | N].
    + rooted (- q) w. replace q with (- (w * w)) by lra.
      pose proof (sin2_cos2 (w * s)) as E. unfold Rsqr in E.
      replace (cos (w * s) ^ 2) with (1 - sin (w * s) ^ 2) by lra. field. lra.
    + replace q with 0 by lra. ring.
Qed.

Lemma slope_RootCosh q f x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => RootCosh q (f y)) x (q * RootSinh q (f x) * a).
Proof. intro D. apply (slope_of (RootCosh q) f); [exact D | apply RootCosh_slope]. Qed.

Lemma slope_RootSinh q f x a : derivable_pt_lim f x a ->
  derivable_pt_lim (fun y => RootSinh q (f y)) x (RootCosh q (f x) * a).
Proof. intro D. apply (slope_of (RootSinh q) f); [exact D | apply RootSinh_slope]. Qed.

(* Conditions of the rules: what is listed, up to the order of its terms, and products of it. *)
Ltac side :=
  cbv beta; repeat split;
  first
    [ assumption
    | apply exp_pos
    | apply Rgt_not_eq, exp_pos
    | apply power_positive
    | apply Rgt_not_eq, power_positive
    | lra
    | let Z := fresh in intro Z; lra
    | match goal with
      | H : ?a <> 0 |- ?b <> 0 =>
          let Z := fresh in
          intro Z; apply H; first [lra | rewrite <- Z; ring | field_simplify_eq in Z; [lra | side]]
      end
    | apply Rmult_integral_contrapositive_currified; side
    | apply pow_nonzero; side
    | apply Rmult_lt_0_compat; side ].

(* The derivative of a function by its structure; of an unknown one, what a hypothesis says. *)
Ltac slope :=
  lazymatch goal with
  | |- derivable_pt_lim (fun y => y) _ _ => apply slope_variable
  | |- derivable_pt_lim (fun _ => ?c) _ _ => apply slope_constant
  | |- derivable_pt_lim (fun y => - @?f y) _ _ => eapply (slope_opposite f); slope
  | |- derivable_pt_lim (fun y => @?f y + @?g y) _ _ => eapply (slope_sum f g); slope
  | |- derivable_pt_lim (fun y => @?f y - @?g y) _ _ => eapply (slope_difference f g); slope
  | |- derivable_pt_lim (fun y => @?f y * @?g y) _ _ => eapply (slope_product f g); slope
  | |- derivable_pt_lim (fun y => @?f y / @?g y) _ _ =>
      eapply (slope_quotient f g); [slope | slope | side]
  | |- derivable_pt_lim (fun y => (@?f y) ^ ?n) _ _ => eapply (slope_power f n); slope
  | |- derivable_pt_lim (fun y => exp (@?f y)) _ _ => eapply (slope_exp f); slope
  | |- derivable_pt_lim (fun y => logarithm (@?f y)) _ _ =>
      eapply (slope_logarithm f); [slope | side]
  | |- derivable_pt_lim (fun y => power (@?f y) ?e) _ _ =>
      eapply (slope_real_power f e); [slope | side]
  | |- derivable_pt_lim (fun y => RootCosh ?q (@?f y)) _ _ => eapply (slope_RootCosh q f); slope
  | |- derivable_pt_lim (fun y => RootSinh ?q (@?f y)) _ _ => eapply (slope_RootSinh q f); slope
  | _ =>
      match goal with
      | H : derivable_pt_lim ?f ?x _ |- derivable_pt_lim _ ?x _ => exact H
      | H : forall _, derivable_pt_lim _ _ _ |- _ => apply H
      end
  end.

(* An identity of rational functions. *)
Ltac multiply_out :=
  cbv beta; cbn [INR pred];
  first
    [ ring
    | unfold Rdiv; ring
    | field; side
    | rewrite ?Rmult_0_l, ?Rmult_0_r; field; side ]. (* what is multiplied by 0 may divide by 0 *)

(* An exponential is a product of powers of others. *)
Ltac exponentials :=
  unfold Rdiv; rewrite ?exp_power, <- ?exp_Ropp, <- ?exp_plus, ?Rmult_1_l;
  f_equal; cbn [INR]; field; side.

(* Functions at 0, and the logarithm at 1. *)
Ltac at_zero :=
  repeat match goal with
    | |- context [exp ?e] =>
        replace (exp e) with 1 by (replace e with 0 by multiply_out; rewrite exp_0; reflexivity)
    | |- context [RootCosh ?q ?e] =>
        replace (RootCosh q e) with 1
          by (replace e with 0 by multiply_out; rewrite RootCosh_0; reflexivity)
    | |- context [RootSinh ?q ?e] =>
        replace (RootSinh q e) with 0
          by (replace e with 0 by multiply_out; rewrite RootSinh_0; reflexivity)
    | |- context [logarithm ?e] =>
        replace (logarithm e) with 0
          by (replace e with 1 by multiply_out; rewrite logarithm_1; reflexivity)
    end.

(* The cases of slope_unique, for a function that H gives and its derivative by S. *)
Ltac slope_by H S :=
  cbv beta;
  first
    [ assumption
    | solve [intros; rewrite H by assumption; multiply_out]
    | solve [apply S; assumption]
    | eapply slope_equal; [slope | multiply_out] ].

(* A letter for a number or function that is chosen. *)
Tactic Notation "choose_value" ident(name) constr(value) :=
  let E := fresh "is_" name in
  assert (exists name, name = value) as [name E] by (eexists; reflexivity).

(* What numbers and functions satisfy. *)
Ltac witness :=
  intros; cbv beta; at_zero;
  first
    [ reflexivity
    | lra
    | field; side
    | let Z := fresh in intro Z; lra
    | eapply slope_equal; [slope | multiply_out] ].
